//! Mail addresses that must be found and look-alikes that must not.

use crate::{Class, tests::*};

#[test]
fn addresses_are_found() {
    must_match(
        Class::Email,
        &[
            ("ada@example.org", "", "ada@example.org"),
            ("Write to Ada.Lovelace@Example.ORG.", "", "ada.lovelace@example.org"),
            ("<ada+news@mail.example.co.uk>", "", "ada+news@mail.example.co.uk"),
            ("mailto:ada@example.org?subject=x", "", "ada@example.org"),
            ("?email=ada%40example.org&x=1", "", "ada@example.org"),
            ("ada [at] example [dot] org", "", "ada@example.org"),
            ("ada(at)example.org", "", "ada@example.org"),
            ("ada@example [dot] org", "", "ada@example.org"),
            ("ada@xn--bcher-kva.example", "", "ada@xn--bcher-kva.example"),
            ("ada@bücher.example", "", "ada@bücher.example"),
            ("o'brien@example.ie", "", "o'brien@example.ie"),
            ("zhang@163.com", "", "zhang@163.com"),
            ("ada＠example．org", "", "ada@example.org"),
            ("a\u{200b}da@exam\u{ad}ple.org", "", "ada@example.org"),
            ("'ada@example.org',", "", "ada@example.org"),
            ("ada@example.org-and more", "", "ada@example.org"),
            ("ada@example.org", "request_id", "ada@example.org"),
        ],
    );
}

#[test]
fn look_alikes_are_not() {
    must_not_match(
        Class::Email,
        &[
            ("@ada said", ""),
            ("ada@localhost", ""),
            ("logo@2x.png", ""),
            ("lodash@4.17.21", ""),
            ("react@18.2.0-beta.js", ""),
            ("@types/node", ""),
            ("git@github.com:example/repo.git", ""),
            ("getty@tty1.service", ""),
            ("5 @ 3.50", ""),
            ("user@192.168.0.1", ""),
            ("a@b", ""),
            ("@app.route('/x')", ""),
            ("x @ y.com", ""),
            ("https://host.example/@ada", ""),
            ("https://app:s3cret@db.example.org/x", ""),
            ("look (at) me", ""),
        ],
    );
}
