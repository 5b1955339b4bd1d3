//! The configuration: any text is right or has its problems told, and what is right holds what it promises.

use hookspool::config::probe;

pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match probe::read(text) {
        Err(report) => {
            let told = report.to_string();
            assert!(!report.problems.is_empty() && !told.is_empty());
            let lines = text.split('\n').count();
            assert!(report.problems.iter().all(|problem| (1..=lines).contains(&problem.line)), "{told}");
        }
        Ok(config) => {
            assert!(config.spool.is_absolute());
            for hook in &config.hooks {
                assert!(!hook.name.is_empty() && !hook.name.contains(['/', '\0']), "{:?}", hook.name);
                assert!(hook.plan.dir.is_absolute() && !hook.plan.steps.is_empty());
                assert!(std::ptr::eq(config.hook(&hook.name).expect("it is there"), hook), "two of one name");
            }
        }
    }
}
