//! Who sits at the command line: the system's user, by the name that the system has for them. What the environment says is not
//! asked, since whoever starts the program writes it. It doesn't know what they do.

use rustix::process::getuid;

/// Where the system keeps the names of its users.
const NAMES: &str = "/etc/passwd";

/// `uid:NAME`, or the number where the system has no name for it.
pub(super) fn asks() -> String {
    let number = getuid().as_raw();
    let names = std::fs::read_to_string(NAMES).unwrap_or_default();
    name(&names, number).map_or_else(|| format!("uid:{number}"), |name| format!("uid:{name}"))
}

fn name(names: &str, number: u32) -> Option<&str> {
    names.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, id) = (fields.next()?, fields.next()?, fields.next()?);
        (id.parse() == Ok(number) && !name.is_empty()).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_user_has_the_name_that_the_system_has_for_it() {
        let names = "root:x:0:0:root:/root:/bin/sh\nbroken\nada:x:1000:1000::/srv/ada:/bin/sh\n:x:7:7:::\n";
        assert_eq!((name(names, 0), name(names, 1000)), (Some("root"), Some("ada")));
        assert_eq!((name(names, 7), name(names, 42)), (None, None));
    }
}
