//! Credentials that must be found and code, prose and protocol fields that must not. All keys are invented.

use crate::{Class, tests::*};

#[test]
fn credentials_are_found() {
    must_match(
        Class::Credential,
        &[
            ("my password is hunter2.", "", "hunter2"),
            ("the password is fluffy", "", "fluffy"),
            ("password: hunter2", "", "hunter2"),
            ("Password: fluffy", "", "fluffy"),
            ("pwd=letmein&x=1", "", "letmein"),
            ("DB_PASSWORD=\"correct horse\"", "", "correct horse"),
            ("{\\\"password\\\":\\\"hunter2\\\"}", "", "hunter2"),
            ("AKIAABCDEFGHIJKLMNOP", "", "AKIAABCDEFGHIJKLMNOP"),
            ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "", "ghp_0123456789abcdefghijABCDEFGHIJ012345"),
            ("key sk-proj-0123456789abcdefABCDEF", "", "sk-proj-0123456789abcdefABCDEF"),
            ("xoxb-123456789012-abcdefABCDEF", "", "xoxb-123456789012-abcdefABCDEF"),
            ("Authorization: Bearer abcdef0123456789abcdef", "", "abcdef0123456789abcdef"),
            ("bearer abcdef0123456789abcdef", "", "abcdef0123456789abcdef"),
            ("postgres://app:s3cret@db.example.org/x", "", "s3cret"),
            (
                "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-_123",
                "",
                "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-_123",
            ),
            (
                "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----",
                "",
                "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----",
            ),
            ("fluffy", "password", "fluffy"),
            ("correct horse", "userPassword", "correct horse"),
            ("a1b2c3d4e5", "apiKey", "a1b2c3d4e5"),
            ("a1b2c3d4e5f6", "accessToken", "a1b2c3d4e5f6"),
            ("api key: a1b2c3d4e5f6", "", "a1b2c3d4e5f6"),
            ("123", "cvv", "123"),
            ("pass\u{200b}word: hunter2", "", "hunter2"),
        ],
    );
}

#[test]
fn code_and_protocol_are_not() {
    must_not_match(
        Class::Credential,
        &[
            ("the password is required", ""),
            ("password is incorrect", ""),
            ("password: String,", ""),
            ("password: &str", ""),
            ("let password = read_password();", ""),
            ("password = config.db_password", ""),
            ("password: ${DB_PASSWORD}", ""),
            ("password: ********", ""),
            ("password: null", ""),
            ("CjAQAA0123456789", "next_page_token"),
            ("next_page_token=CjAQAA0123456789", ""),
            ("max_tokens=4096", ""),
            ("4096", "total_tokens"),
            ("let token = parse(input);", ""),
            ("token: Token", ""),
            ("identifier", "token"),
            ("550e8400-e29b-41d4-a716-446655440000", "request_id"),
            ("da39a3ee5e6b4b0d3255bfef95601890afd80709", "sha"),
            ("https://example.org:8080/x@y", ""),
            ("sk-fading-circle-container-2", ""),
            ("reset", "password_reset_url"),
            ("a::b::token::Kind", ""),
        ],
    );
}
