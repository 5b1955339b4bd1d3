//! Edge. The group database.

use std::fs;

/// Number of group `name`, or `name` itself when it is a number; `None` when there is no such group.
pub fn id_of(name: &str) -> Option<u32> {
    name.parse().ok().or_else(|| find(&fs::read_to_string("/etc/group").ok()?, name))
}

/// The entry of `name` in a database of group(5) form.
fn find(database: &str, name: &str) -> Option<u32> {
    database.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_found_by_its_whole_name() {
        let database = "root:x:0:\nwww:x:5:\nwww-data:x:33:deploy\n";
        assert_eq!((find(database, "www-data"), find(database, "www-dat")), (Some(33), None));
    }
}
