//! Edge. The group database.

use std::fs;

/// Number of group `name`, or `name` itself when it is a number; `None` when there is no such group.
pub fn id_of(name: &str) -> Option<u32> {
    name.parse().ok().or_else(|| find(&fs::read_to_string("/etc/group").ok()?, name))
}

/// Name of group `gid`, or the number where the database has none.
pub fn name_of(gid: u32) -> String {
    let database = fs::read_to_string("/etc/group").unwrap_or_default();
    let entry = entry_of(&database, gid);
    entry.and_then(|fields| fields.first().copied()).map_or_else(|| gid.to_string(), str::to_owned)
}

/// Users whom the database lists as members of group `gid`, and those whose own group it is.
pub fn members_of(gid: u32) -> Vec<String> {
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    let users = fs::read("/etc/passwd").unwrap_or_default();
    members(&groups, &String::from_utf8_lossy(&users), gid)
}

/// Users whose own group `gid` is.
pub fn primary_members_of(gid: u32) -> Vec<String> {
    let users = fs::read("/etc/passwd").unwrap_or_default();
    primary_members(&String::from_utf8_lossy(&users), gid)
}

fn primary_members(users: &str, gid: u32) -> Vec<String> {
    let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let own = fields.filter(|fields| fields.get(3).is_some_and(|own| own.parse() == Ok(gid)));
    own.map(|fields| fields[0].to_owned()).collect()
}

fn members(groups: &str, users: &str, gid: u32) -> Vec<String> {
    let listed = entry_of(groups, gid).and_then(|fields| fields.get(3).copied()).unwrap_or_default();
    let mut members: Vec<String> = listed.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let unlisted = primary_members(users, gid).into_iter().filter(|name| !members.contains(name)).collect::<Vec<_>>();
    members.extend(unlisted);
    members
}

fn entry_of(database: &str, gid: u32) -> Option<Vec<&str>> {
    let fields = database.lines().map(|line| line.split(':').collect::<Vec<&str>>());
    fields.into_iter().find(|fields| fields.get(2).is_some_and(|number| number.parse() == Ok(gid)))
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

    #[test]
    fn members_are_those_listed_and_those_whose_own_group_it_is() {
        let groups = "root:x:0:\nhookspool:x:990:www-data,ci\n";
        let users = "root:x:0:0::/root:/bin/sh\nci:x:5:990::/:/bin/sh\nhookspool:x:990:990::/:/bin/sh\n";
        assert_eq!(members(groups, users, 990), ["www-data", "ci", "hookspool"]);
        assert_eq!(members(groups, users, 7), [""; 0]);
    }
}
