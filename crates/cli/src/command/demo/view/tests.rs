//! What a person sees, at the smallest size that has to be readable and at a large one.

use std::time::Duration;

use ponte_engine::demo::{Direction, Mood, NodeView, PassView, Snapshot, Totals};
use ponte_pg::sync::conflicts::{Conflict, Image, State};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::{Palette, Scene, draw, grouped};

fn node(name: &str, port: u16, rows: i64) -> NodeView {
    NodeView {
        name: name.into(),
        port,
        rows: Some(rows),
        writes: 1_310,
        writes_per_second: 41.6,
        history: (0..90).map(|n| 20 + n % 7 * 4).collect(),
        pending: 2,
        lag_seconds: 0.0124,
        conflicts: 6,
        trouble: None,
    }
}

fn image(node: &str, bio: Option<&str>) -> Image {
    let column = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
    Image {
        node: node.into(),
        version_at: "2026-11-20T20:06:46.011310Z".into(),
        row: bio.map(|bio| {
            vec![
                column("nome", "Ana Souza"),
                column("bio", bio),
                column("updated_at", node),
            ]
        }),
    }
}

fn conflict(id: i64, winner: &str, here: Option<&str>, there: Option<&str>) -> Conflict {
    Conflict {
        node: "neon".into(),
        id,
        link: "perfis".into(),
        table: "public.perfis".into(),
        kind: "update_origin_differs".into(),
        state: State::Decided,
        winner: Some(winner.into()),
        taken: None,
        kept: None,
        key: vec![(1_000 + id).to_string()],
        here: image("neon", here),
        there: image("replit", there),
        found_at: format!("2026-11-20T20:06:{:02}.014000Z", 50 - id),
        resolved_at: None,
    }
}

pub(in crate::command::demo) fn snapshot() -> Snapshot {
    let direction = |from: &str, to: &str, upserts, conflicts| Direction {
        from: from.into(),
        to: to.into(),
        upserts,
        deletes: 1,
        conflicts,
        duration: Duration::from_micros(4_230),
    };
    let pass = |second: i64| PassView {
        at: jiff::Timestamp::from_second(1_795_205_000 + second).unwrap(),
        directions: vec![
            direction("replit", "neon", 12, 1),
            direction("neon", "replit", 3, 0),
        ],
    };
    let mut conflicts = vec![
        conflict(
            1,
            "neon",
            Some("Fotografa estações de trem."),
            Some("Nada em água fria."),
        ),
        conflict(2, "replit", Some("Traduz poesia."), None),
        conflict(3, "neon", None, Some("Corre na orla às seis.")),
    ];
    conflicts.extend((4..20).map(|id| conflict(id, "replit", Some("Toca choro."), Some("Vê o mar."))));
    Snapshot {
        elapsed: Duration::from_secs(72),
        nodes: [node("replit", 27_445, 1_204), node("neon", 24_017, 1_203)],
        mood: Mood::Running,
        passes: (0..40).rev().map(pass).collect(),
        conflicts,
        totals: Totals {
            passes: 217,
            upserts: 2_180,
            deletes: 331,
            conflicts: 12,
        },
    }
}

fn scene() -> Scene {
    let psql =
        |port: u16| format!("psql \"host=/tmp/ponte-350d0770cf01/s port={port} dbname=ponte user=owner\"");
    Scene {
        palette: Palette::new(false),
        ends_after: None,
        look: vec![
            (psql(27_445), "replit".into()),
            (psql(24_017), "neon".into()),
            (
                "ponte -C /tmp/ponte-demo-4eed2533adea sync status".into(),
                "where the link stands".into(),
            ),
        ],
        looking: false,
    }
}

fn picture(width: u16, height: u16, snapshot: &Snapshot, scene: &Scene) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, snapshot, scene)).unwrap();
    terminal
}

#[test]
fn the_picture_fits_the_smallest_terminal() {
    insta::assert_snapshot!(picture(80, 24, &snapshot(), &scene()).backend());
}

#[test]
fn a_large_terminal_shows_more_of_everything() {
    let scene = Scene {
        ends_after: Some(Duration::from_secs(3_700)),
        ..scene()
    };
    insta::assert_snapshot!(picture(140, 40, &snapshot(), &scene).backend());
}

#[test]
fn commands_to_look_around_are_whole() {
    let scene = Scene {
        looking: true,
        ..scene()
    };
    insta::assert_snapshot!(picture(80, 24, &snapshot(), &scene).backend());
}

#[test]
fn a_node_that_is_away_and_a_link_that_is_stopped_say_why() {
    let mut snapshot = snapshot();
    snapshot.nodes[1].trouble =
        Some("cannot connect to the server: connection refused [conn.refused]".into());
    snapshot.mood = Mood::Stopped("duplicate key in perfis (perfis_email_key) [sql.rejected]".into());
    insta::assert_snapshot!(picture(80, 24, &snapshot, &scene()).backend());
}

#[test]
fn colour_adds_nothing_that_is_not_there_without_it() {
    let coloured = Scene {
        palette: Palette::new(true),
        ..scene()
    };
    let plain = picture(80, 24, &snapshot(), &scene());
    let colourful = picture(80, 24, &snapshot(), &coloured);
    let text = |terminal: &Terminal<TestBackend>| terminal.backend().to_string();
    assert_eq!(text(&plain), text(&colourful));
    let cells = plain.backend().buffer().content();
    assert!(cells.iter().all(|cell| cell.fg == ratatui::style::Color::Reset));
}

#[test]
fn a_terminal_of_any_size_is_survived() {
    for (width, height) in [(1, 1), (10, 3), (40, 10), (300, 100)] {
        picture(width, height, &snapshot(), &scene());
    }
}

#[test]
fn thousands_stand_apart() {
    let check = |number, expected: &str| assert_eq!(grouped(number), expected);
    check(0, "0");
    check(999, "999");
    check(1_204, "1 204");
    check(-1_234_567, "-1 234 567");
}
