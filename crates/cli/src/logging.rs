//! What the program says on stderr while it works.

use ponte_engine::config::Environment;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

use crate::args::Globals;

/// Sends log lines to stderr: errors with `-q`, the command's own level by default, one more for each `-v`. `PONTE_LOG`
/// overrides all of that with a filter such as `ponte_pg=trace`.
pub(crate) fn start(globals: &Globals, environment: &Environment, ordinary: LevelFilter) {
    let level = if globals.quiet {
        LevelFilter::ERROR
    } else {
        raised(ordinary, globals.verbose)
    };
    let filter = match environment.get("PONTE_LOG") {
        Some(filter) => EnvFilter::builder().parse_lossy(filter),
        // Other people's crates speak up only when something is wrong.
        None => EnvFilter::builder().parse_lossy(format!("warn,ponte={level}")),
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(globals.verbose > 1)
        .with_ansi(crate::output::stderr_has_colour())
        .with_writer(std::io::stderr)
        .init();
}

fn raised(level: LevelFilter, steps: u8) -> LevelFilter {
    const LEVELS: [LevelFilter; 6] = [
        LevelFilter::OFF,
        LevelFilter::ERROR,
        LevelFilter::WARN,
        LevelFilter::INFO,
        LevelFilter::DEBUG,
        LevelFilter::TRACE,
    ];
    let at = LEVELS.iter().position(|known| *known == level).unwrap_or(0);
    LEVELS[(at + usize::from(steps)).min(LEVELS.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_v_says_more_until_there_is_no_more() {
        assert_eq!(raised(LevelFilter::OFF, 0), LevelFilter::OFF);
        assert_eq!(raised(LevelFilter::WARN, 0), LevelFilter::WARN);
        assert_eq!(raised(LevelFilter::WARN, 1), LevelFilter::INFO);
        assert_eq!(raised(LevelFilter::INFO, 9), LevelFilter::TRACE);
    }
}
