//! `ponte.toml` as a person writes it: what is understood, what is refused, and what the refusal says.
#![allow(clippy::unwrap_used, reason = "this is a test, and its helpers are too")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use ponte_engine::config::{Address, Choice, Config, Environment, Origin, Schedule, Secret, Sourced};
use ponte_engine::{Error, ErrorKind};
use ponte_sync::link::Leaving;
use ponte_sync::{ApplyMode, ConflictPolicy, Initial, LinkName};

/// The configuration of the design's example.
const PERFIS: &str = r#"
[nodes.replit]
url = "${DATABASE_URL}"
[nodes.neon]
url = "${EXTERNAL_DB_URL}"

[[links]]
name = "perfis"
between = ["replit", "neon"]
every = "5m"
conflict = "latest"
initial = "merge"

[[links.tables]]
table = "perfis"
version = "updated_at"
"#;

struct Project(tempfile::TempDir);

impl Project {
    fn new(toml: &str) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        fs::write(project.path().join("ponte.toml"), toml).unwrap();
        project
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn open(&self) -> Result<Config, Error> {
        self.open_in(Environment::default())
    }

    fn open_in(&self, environment: Environment) -> Result<Config, Error> {
        Config::open(self.path(), None, environment)
    }
}

fn open(toml: &str) -> Result<Config, Error> {
    Project::new(toml).open()
}

/// The faults of a file as `line:column message`.
fn faults(toml: &str) -> Vec<String> {
    let error = open(toml).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
    let shown = |e: &ponte_engine::Excerpt| format!("{}:{} {}", e.line, e.column, e.message);
    error.excerpts().iter().map(shown).collect()
}

/// The help of the only fault of a file.
fn help(toml: &str) -> String {
    let error = open(toml).unwrap_err();
    assert_eq!(error.excerpts().len(), 1, "{:?}", error.excerpts());
    error.excerpts()[0].help.clone().unwrap_or_default()
}

fn unsaid(config: &Config) -> Result<(String, String), Error> {
    let database = config.database(&Choice::Unsaid)?;
    Ok((database.address.to_string(), database.origin.to_string()))
}

#[test]
fn the_example_is_understood() {
    let environment = Environment::from_iter([
        ("DATABASE_URL", "postgres://a:geheim@h/d"),
        ("EXTERNAL_DB_URL", "embedded:neon"),
    ]);
    let config = Project::new(PERFIS).open_in(environment).unwrap();
    let names: Vec<&str> = config.nodes().iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["replit", "neon"]);
    let neon = config.node("neon").unwrap();
    assert_eq!(neon.address().unwrap(), &Address::Embedded("neon".into()));
    let link = config.link("perfis").unwrap();
    assert_eq!(link.schedule, Schedule::Every(Duration::from_secs(300)));
    assert_eq!(link.conflict, ConflictPolicy::Latest);
    assert_eq!(link.initial, Initial::Merge);
    assert_eq!(link.apply, ApplyMode::Auto);
    assert_eq!(link.max_future, Duration::from_secs(300));
    assert_eq!(link.retention, Duration::from_secs(7 * 86_400));
    assert_eq!(link.keep_conflicts, Some(Duration::from_secs(90 * 86_400)));
    assert_eq!(link.tables[0].spec.names[0].to_string(), "perfis");
    assert_eq!(link.tables[0].spec.versions[0].as_deref(), Some("updated_at"));
}

#[test]
fn every_key_is_read() {
    let config = open(
        r#"
        [project]
        name = "casa"
        migrations = "db/migrations"
        seeds = "db/seeds"
        [nodes.a]
        url = "host=pooler dbname=d"
        direct_url = "host=direct dbname=d"
        allow_pooler = true
        [nodes.b]
        url = "embedded:b"
        [[links]]
        name = "l"
        between = ["b", "a"]
        every = "*/10 * * * *"
        conflict = "a wins"
        initial = "b wins"
        apply = "plain"
        max_future = "90s"
        retention = "0s"
        keep_conflicts = "forever"
        [[links.tables]]
        table = "app.pessoas"
        key = ["org", "id"]
        retention = "12h"
        probe = { nome = "x", idade = 0x2A, ativo = true, nota = 1.5 }
        "#,
    )
    .unwrap();
    assert_eq!(config.name(), "casa");
    assert!(config.migrations().ends_with("db/migrations"));
    assert!(config.seeds().ends_with("db/seeds"));
    let a = config.node("a").unwrap();
    assert!(a.allow_pooler);
    assert_eq!(
        a.address().unwrap(),
        &Address::Server(Secret::new("host=pooler dbname=d"))
    );
    assert_eq!(
        a.direct_address().unwrap(),
        &Address::Server(Secret::new("host=direct dbname=d"))
    );
    let link = &config.links()[0];
    assert_eq!(link.between.each_ref().map(|node| node.as_str()), ["b", "a"]);
    assert_eq!(link.schedule.to_string(), "*/10 * * * *");
    assert_eq!(link.conflict.to_string(), "a wins");
    assert_eq!(link.initial.to_string(), "b wins");
    assert_eq!(link.apply, ApplyMode::Plain);
    assert_eq!(link.max_future, Duration::from_secs(90));
    assert_eq!((link.retention, link.keep_conflicts), (Duration::ZERO, None));
    let table = &link.tables[0];
    assert_eq!(table.spec.names[1].to_string(), "app.pessoas");
    assert_eq!(table.spec.retention_seconds, Some(43_200));
    let key = Some(vec!["org".to_owned(), "id".to_owned()]);
    assert_eq!(table.spec.keys, [key.clone(), key]);
    let probe: Vec<(&str, &str)> = table
        .probe
        .iter()
        .map(|(c, v)| (c.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        probe,
        [("nome", "x"), ("idade", "42"), ("ativo", "true"), ("nota", "1.5")]
    );
}

const MAPPED: &str = "\
[nodes.bridge]
url = \"host=a\"
[nodes.painel]
url = \"host=b\"
[[links]]
name = \"atlas\"
between = [\"bridge\", \"painel\"]
[[links.tables]]
";

#[test]
fn what_differs_between_the_nodes_is_given_by_node() {
    let config = open(&format!(
        r#"{MAPPED}
        table = {{ bridge = "users", painel = "app.contas" }}
        key = {{ bridge = ["external_id"], painel = ["id"] }}
        version = {{ painel = "alterado_em" }}
        where = "$$x$$ <> nome"
        leaving = "keep"
        local = {{ bridge = ["id"] }}
        columns = ["nome"]
        map = [
          {{ bridge = "username", painel = "login" }},
          {{ painel = "slug", to_painel = "lower(username)" }},
        ]
        "#
    ))
    .unwrap();
    let spec = &config.links()[0].tables[0].spec;
    assert_eq!(
        spec.names.each_ref().map(ToString::to_string),
        ["users", "app.contas"]
    );
    assert_eq!(spec.keys[0].as_deref().unwrap(), ["external_id"]);
    assert_eq!(spec.versions, [None, Some("alterado_em".to_owned())]);
    assert!(
        spec.filters
            .iter()
            .flatten()
            .all(|f| f.as_str() == "$$x$$ <> nome")
    );
    assert_eq!(spec.leaving, Leaving::Keep);
    assert_eq!(spec.local, [vec!["id".to_owned()], vec![]]);
    assert!(spec.maps[0].is_plain());
    assert_eq!(spec.maps[1].columns, [None, Some("slug".to_owned())]);
    assert_eq!(spec.maps[1].into[1].as_ref().unwrap().as_str(), "lower(username)");
}

#[test]
fn what_becomes_of_conflicts_may_be_said_by_column_and_by_a_function() {
    let config = open(&format!(
        r#"{MAPPED}
        table = "contas"
        delta = {{ bridge = ["saldo"], painel = ["balance"] }}
        conflict = {{ function = "app.decide" }}
        [[links.tables]]
        table = "pedidos"
        delta = ["visitas"]
        "#
    ))
    .unwrap();
    let tables = &config.links()[0].tables;
    assert_eq!(
        tables[0].spec.deltas,
        [vec!["saldo".to_owned()], vec!["balance".to_owned()]]
    );
    let function = tables[0].conflict.as_ref().unwrap();
    assert_eq!(function.to_string(), "{ function = app.decide }");
    assert_eq!(
        tables[1].spec.deltas,
        [vec!["visitas".to_owned()], vec!["visitas".to_owned()]]
    );
    assert_eq!(tables[1].conflict, None);
}

#[test]
fn a_mapping_that_says_nothing_or_names_no_node_is_a_fault() {
    let check = |lines: &str, expected: &[&str]| {
        let found = faults(&format!("{MAPPED}{lines}"));
        let messages: Vec<&str> = found.iter().map(|f| f.split_once(' ').unwrap().1).collect();
        assert_eq!(messages, expected, "{lines}");
    };
    check(
        "table = { bridge = \"a\" }",
        &["table is given for one node only"],
    );
    check(
        "table = \"a\"\nleaving = \"keep\"",
        &["no row can leave a table that has no where"],
    );
    check(
        "table = \"a\"\nwhere = \"true\"\nleaving = \"stay\"",
        &["expected \"delete\" or \"keep\", not \"stay\""],
    );
    for rule in [
        "{ }",
        "{ function = 5 }",
        "{ function = \"a\", timeout = \"1s\" }",
    ] {
        check(
            &format!("table = \"a\"\nconflict = {rule}"),
            &["a rule for conflicts is a word, or a function"],
        );
    }
    check(
        "table = \"a\"\nconflict = { function = \"a.b.c\" }",
        &["\"a.b.c\" is no name of a function: expected \"name\" or \"schema.name\""],
    );
    check(
        "table = { bridge = \"a\", panel = \"b\" }",
        &["table is given by node; \"panel\" is no node of this link"],
    );
    let with = |map: &str| format!("table = \"a\"\nmap = [{map}]");
    check(
        &with("{ bridge = \"x\" }"),
        &["nothing is said about what bridge's column gets"],
    );
    check(
        &with("{ bridge = \"x\", to_painel = \"y\" }"),
        &["to_painel says what to write, but not into which column of painel"],
    );
    check(&with("{ }"), &["an entry of map names no column"]);
    check(
        &with("{ bridge = \"x\", painel = \"y\", to_panel = \"x\" }"),
        &[
            "an entry of map names columns by node, and expressions by to_NODE; \"to_panel\" is no node of this link",
        ],
    );
    check(
        &with("5"),
        &["\"map\" has to be an array of tables, not an integer"],
    );
    check("table = \"a\"\nkey = []", &["a key needs at least one column"]);
}

#[test]
fn all_faults_of_a_file_are_reported_at_once_in_its_order() {
    let toml = "\
[nodes.a]
ulr = \"host=a\"
[nodes.b]
url = 5
[[links]]
name = \"Perfis\"
between = [\"a\", \"c\"]
every = \"5 minutes\"
conflct = \"latest\"
[[links.tables]]
table = \"t\"
unique = \"latest\"
";
    assert_eq!(
        faults(toml),
        [
            "1:8 the key \"url\" is missing",
            "2:1 unknown key \"ulr\"",
            "4:7 \"url\" has to be a text, not an integer",
            "6:8 a name is made of lower-case letters, digits, \"_\" and \"-\", not 'P'",
            "7:17 there is no node \"c\"",
            "8:9 expected a length of time (\"5m\"), a cron expression (\"*/5 * * * *\") or \"continuous\"",
            "9:1 unknown key \"conflct\"",
            "12:1 \"unique\" is not supported yet in this release",
        ]
    );
}

#[test]
fn a_fault_says_what_was_probably_meant() {
    assert_eq!(help("[node.a]\nurl = \"host=a\"\n"), "did you mean \"nodes\"?");
    assert_eq!(
        help("[project]\nzebra = 1\n"),
        "[project] knows name, migrations, seeds, backup, history"
    );
    let nodes = "[nodes.replit]\nurl = \"host=a\"\n[nodes.neon]\nurl = \"host=b\"\n";
    let link =
        |rules: &str| format!("{nodes}[[links]]\nname = \"l\"\n{rules}\n[[links.tables]]\ntable = \"t\"\n");
    assert_eq!(
        help(&link("between = [\"neon\", \"replti\"]")),
        "did you mean \"replit\"?"
    );
    assert_eq!(
        help(&link(
            "between = [\"neon\", \"replit\"]\nconflict = \"nemo wins\""
        )),
        "name \"neon\" or \"replit\""
    );
}

#[test]
fn what_a_link_cannot_be_is_refused() {
    let nodes = "[nodes.a]\nurl = \"host=a\"\n[nodes.b]\nurl = \"host=b\"\n";
    let check = |rules: &str, expected: &str| {
        let toml = format!("{nodes}[[links]]\n{rules}\n");
        let found = faults(&toml);
        assert!(
            found.iter().any(|fault| fault.contains(expected)),
            "{rules}: {found:?}"
        );
    };
    let between = "name = \"l\"\nbetween = [\"a\", \"b\"]";
    check("between = [\"a\", \"b\"]", "the key \"name\" is missing");
    check("name = \"l\"", "the key \"between\" is missing");
    check(between, "the key \"tables\" is missing");
    check(
        &format!("{between}\ntables = []"),
        "a link needs at least one table",
    );
    check(
        "name = \"l\"\nbetween = [\"a\"]",
        "a link is between two nodes, not 1",
    );
    check(
        "name = \"l\"\nbetween = [\"a\", \"a\"]",
        "a link needs two different nodes",
    );
    check(&format!("{between}\nevery = \"10ms\""), "at most once a second");
    check(
        &format!("{between}\nmax_future = \"soon\""),
        "expected a length of time",
    );
    check(
        &format!("{between}\nkeep_conflicts = \"soon\""),
        "such as \"30s\", \"5m\", \"2h\" or \"1h30m\", or \"forever\", not \"soon\"",
    );
    check(
        &format!("{between}\napply = \"fast\""),
        "expected \"auto\", \"plain\" or \"replica\"",
    );
    let tables = |text: &str| format!("{between}\n[[links.tables]]\n{text}");
    check(&tables("version = \"v\""), "the key \"table\" is missing");
    check(&tables("table = \"a.b.c\""), "is no table name");
    check(
        &tables("table = \"t\"\nkey = []"),
        "a key needs at least one column",
    );
    check(&tables("table = \"t\"\nkey = [\"a\", \"a\"]"), "listed twice");
    check(&tables("table = \"t\"\nprobe = { a = [1] }"), "a probe value is");
    check(
        &tables("table = \"t\"\n[[links.tables]]\ntable = \"public.t\""),
        "listed twice",
    );
    check(
        &format!(
            "{}\n[[links]]\n{}",
            tables("table = \"t\""),
            tables("table = \"t\"")
        ),
        "the link \"l\" is defined twice",
    );
}

#[test]
fn a_syntax_error_is_shown_without_the_password_in_its_line() {
    let error = open("[nodes.a]\nurl = \"postgres://ana:geheim@h/d\n").unwrap_err();
    assert_eq!(error.excerpts()[0].line, 2);
    assert!(!format!("{error:?}").contains("geheim"));
}

#[test]
fn an_unset_variable_stops_only_the_one_who_needs_it() {
    let environment = Environment::from_iter([("DATABASE_URL", "postgres://h/d")]);
    let config = Project::new(PERFIS).open_in(environment).unwrap();
    assert!(config.node("replit").unwrap().address().is_ok());
    let error = config.node("neon").unwrap().address().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfigUnset);
    let place = &error.excerpts()[0];
    assert_eq!((place.line, place.column), (5, 7));
    assert_eq!(place.message, "the variable EXTERNAL_DB_URL is not set");
    assert!(
        error.next_step().unwrap().contains("EXTERNAL_DB_URL=… to .env"),
        "{error:?}"
    );
}

#[test]
fn secrets_may_stand_in_a_variable_or_a_file() {
    let project = Project::new("[nodes.a]\nurl = \"env:A_URL\"\n[nodes.b]\nurl = \"file:b.url\"\n");
    fs::write(project.path().join("b.url"), "postgres://b/d\n").unwrap();
    fs::write(project.path().join(".env"), "A_URL=postgres://a/d\n").unwrap();
    let config = project.open().unwrap();
    let address = |name: &str| config.node(name).unwrap().address().unwrap().to_string();
    assert_eq!(address("a"), "postgres://a/d");
    assert_eq!(address("b"), "postgres://b/d");
}

#[test]
fn the_project_is_found_from_below_and_by_name() {
    let project = Project::new("[project]\nname = \"casa\"\n");
    let below = project.path().join("a/b");
    fs::create_dir_all(&below).unwrap();
    fs::write(project.path().join("other.toml"), "[project]\nname = \"outra\"\n").unwrap();
    let open = |directory: &Path, file: Option<&str>| {
        Config::open(directory, file.map(Path::new), Environment::default())
    };
    assert_eq!(open(&below, None).unwrap().name(), "casa");
    assert_eq!(open(&below, None).unwrap().root(), project.path());
    assert_eq!(open(project.path(), Some("other.toml")).unwrap().name(), "outra");
    let error = open(project.path(), Some("nope.toml")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfigNotFound);
    assert!(open(project.path(), Some("a")).is_err(), "a directory is no file");
}

#[test]
fn without_a_file_the_directory_is_the_project() {
    let directory = tempfile::tempdir().unwrap();
    let config = Config::open(directory.path(), None, Environment::default()).unwrap();
    assert_eq!(config.file(), None);
    assert!(config.nodes().is_empty());
    assert_eq!(config.migrations(), directory.path().join("migrations"));
    assert_eq!(
        config.links_named(None).unwrap_err().kind(),
        ErrorKind::ConfigUnknown
    );
}

#[test]
fn flags_win_over_variables_over_the_file_over_libpq() {
    let project = Project::new("[nodes.a]\nurl = \"host=a\"\n");
    let with = |pairs: &[(&str, &str)]| {
        project
            .open_in(Environment::from_iter(pairs.iter().copied()))
            .unwrap()
    };
    let pair = |address: &str, origin: &str| (address.to_owned(), origin.to_owned());

    let everything = with(&[("DATABASE_URL", "host=env"), ("PGHOST", "pg")]);
    let url = Sourced::new(Secret::new("host=flag"), Origin::Flag("--database-url"));
    let flagged = everything.database(&Choice::Url(url)).unwrap();
    assert_eq!(flagged.address.to_string(), "host=flag");
    let node = Sourced::new("a".to_owned(), Origin::Flag("--node"));
    assert_eq!(
        everything
            .database(&Choice::Node(node))
            .unwrap()
            .address
            .to_string(),
        "host=a"
    );
    assert_eq!(
        unsaid(&everything).unwrap(),
        pair("host=env", "environment DATABASE_URL")
    );

    assert_eq!(
        unsaid(&with(&[("PGHOST", "pg")])).unwrap(),
        pair("host=a", "ponte.toml:1")
    );
    let empty = Project::new("");
    let libpq = empty.open_in(Environment::from_iter([("PGHOST", "pg")])).unwrap();
    assert_eq!(
        unsaid(&libpq).unwrap(),
        pair("libpq variables", "environment PGHOST")
    );
    assert_eq!(
        unsaid(&empty.open().unwrap()).unwrap_err().kind(),
        ErrorKind::ConfigNoDatabase
    );
}

#[test]
fn the_address_around_a_pooler_is_taken_from_where_platforms_put_it() {
    let environment = Environment::from_iter([
        ("DATABASE_URL", "host=pooled"),
        ("DATABASE_URL_UNPOOLED", "host=direct"),
    ]);
    let config = Project::new("").open_in(environment).unwrap();
    let database = config.database(&Choice::Unsaid).unwrap();
    assert_eq!(database.address.to_string(), "host=pooled");
    assert_eq!(database.session_address().to_string(), "host=direct");
}

#[test]
fn unknown_names_are_answered_with_the_nearest_one() {
    let config = Project::new(PERFIS).open().unwrap();
    let hint = |error: Error| error.next_step().unwrap_or_default().to_owned();
    assert_eq!(hint(config.node("noen").unwrap_err()), "did you mean \"neon\"?");
    assert_eq!(
        hint(config.node("zebra").unwrap_err()),
        "name one of: replit, neon"
    );
    let name = LinkName::new("perfi").unwrap();
    assert_eq!(
        hint(config.links_named(Some(&name)).unwrap_err()),
        "did you mean \"perfis\"?"
    );
}

#[test]
fn every_setting_tells_where_it_is_from() {
    let project = Project::new(PERFIS);
    fs::write(
        project.path().join(".env"),
        "# local\nDATABASE_URL='postgres://ana:geheim@h/d'\n",
    )
    .unwrap();
    let config = project
        .open_in(Environment::from_iter([(
            "EXTERNAL_DB_URL",
            "host=b password=geheim",
        )]))
        .unwrap();
    let show = |key: &str| {
        let setting = config
            .settings()
            .iter()
            .find(|setting| setting.key == key)
            .unwrap();
        format!("{} ({})", setting.value, setting.origin)
    };
    assert_eq!(
        show("nodes.replit.url"),
        "postgres://ana:****@h/d (ponte.toml:3, .env:2)"
    );
    assert_eq!(
        show("nodes.neon.url"),
        "host=b password=**** (ponte.toml:5, environment EXTERNAL_DB_URL)"
    );
    assert_eq!(show("links.perfis.every"), "5m (ponte.toml:10)");
    assert_eq!(show("links.perfis.apply"), "auto (default)");
    assert_eq!(
        show("links.perfis.tables.perfis.version"),
        "updated_at (ponte.toml:16)"
    );
}
