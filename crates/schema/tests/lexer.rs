//! Where statements begin and end. That psql agrees is tested against a real server in `ponte-pg`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

use ponte_schema::lexer::{SplitErrorKind, TokenKind, Unterminated, split, tokens};
use proptest::prelude::*;

fn check(text: &str, expected: &[&str]) {
    let statements = split(text).unwrap_or_else(|e| panic!("{text}: {e:?}"));
    let found: Vec<&str> = statements.iter().map(|s| s.text(text)).collect();
    assert_eq!(found, expected, "{text}");
}

fn check_refused(text: &str, kind: &SplitErrorKind, line: u32, column: u32) {
    let error = split(text).unwrap_err();
    assert_eq!(&error.kind, kind, "{text}");
    assert_eq!(
        (error.position.line, error.position.column),
        (line, column),
        "{text}"
    );
}

#[test]
fn semicolons_end_statements_and_empty_ones_vanish() {
    check("SELECT 1; SELECT 2", &["SELECT 1", "SELECT 2"]);
    check(";;\n;-- nothing\n", &[]);
    check("", &[]);
    check("SELECT 1 -- done;\n;", &["SELECT 1"]);
}

#[test]
fn semicolons_inside_quotes_and_comments_do_not_end_statements() {
    check("SELECT 'a;b', \"c;d\"; X", &["SELECT 'a;b', \"c;d\"", "X"]);
    check("SELECT 'it''s;'; X", &["SELECT 'it''s;'", "X"]);
    check("SELECT 1 /* ; /* ; */ ; */ ; X", &["SELECT 1", "X"]);
    check("SELECT 1 -- ;\n + 1; X", &["SELECT 1 -- ;\n + 1", "X"]);
}

#[test]
fn backslashes_escape_in_e_strings_only() {
    check(r"SELECT E'a\';b'; X", &[r"SELECT E'a\';b'", "X"]);
    check(r"SELECT 'a\'; X", &[r"SELECT 'a\'", "X"]);
    check(
        r"SELECT U&'a\', U&'\0041;'; X",
        &[r"SELECT U&'a\', U&'\0041;'", "X"],
    );
    check(
        "SELECT B'1', X'f;', N'n;'; X",
        &["SELECT B'1', X'f;', N'n;'", "X"],
    );
    check("SELECT U&\"a;\"\"b\"; X", &["SELECT U&\"a;\"\"b\"", "X"]);
}

#[test]
fn a_continued_string_keeps_the_rules_that_it_began_with() {
    check("SELECT E'a'\n  'b\\';c'; X", &["SELECT E'a'\n  'b\\';c'", "X"]);
    check(
        "SELECT E'a' -- ;\n 'b\\';c'; X",
        &["SELECT E'a' -- ;\n 'b\\';c'", "X"],
    );
    check("SELECT E'a' 'b\\'; X", &["SELECT E'a' 'b\\'", "X"]);
}

#[test]
fn dollar_quotes_end_at_their_own_tag() {
    check("DO $$ ; $x$ ; $$; X", &["DO $$ ; $x$ ; $$", "X"]);
    check("DO $a$ $$;$$ $A$ ; $a$; X", &["DO $a$ $$;$$ $A$ ; $a$", "X"]);
    check("SELECT $é$;$é$; X", &["SELECT $é$;$é$", "X"]);
}

#[test]
fn dollars_that_open_nothing_open_nothing() {
    check("SELECT $1; X $1$", &["SELECT $1", "X $1$"]);
    check("SELECT a$b$; X", &["SELECT a$b$", "X"]);
    check("SELECT $1$2; X", &["SELECT $1$2", "X"]);
}

#[test]
fn comments_begin_inside_operators() {
    check("SELECT 1 +-- ;\n 1; X", &["SELECT 1 +-- ;\n 1", "X"]);
    check("SELECT 2 */* ; */ 2; X", &["SELECT 2 */* ; */ 2", "X"]);
}

#[test]
fn bodies_of_sql_standard_functions_stay_together() {
    let body = "CREATE OR REPLACE FUNCTION f(case_ int) RETURNS int
BEGIN ATOMIC
  SELECT CASE WHEN case_ > 0 THEN 1 ELSE CASE case_ WHEN 0 THEN 2 END END AS end;
  SELECT 1;
END";
    check(&format!("{body}; X"), &[body, "X"]);
    let procedure = "CREATE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (1); END";
    check(&format!("{procedure}; X"), &[procedure, "X"]);
}

#[test]
fn begin_is_a_transaction_everywhere_else() {
    check("BEGIN; SELECT 1; END; X", &["BEGIN", "SELECT 1", "END", "X"]);
    check(
        "CREATE TABLE begin (atomic int); X",
        &["CREATE TABLE begin (atomic int)", "X"],
    );
    check(
        "SELECT CASE WHEN a THEN b END; X",
        &["SELECT CASE WHEN a THEN b END", "X"],
    );
}

#[test]
fn the_actions_of_a_rule_stay_together() {
    let rule = "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO a VALUES (1); DELETE FROM b)";
    check(&format!("{rule}; X"), &[rule, "X"]);
}

#[test]
fn rows_of_copy_belong_to_their_statement() {
    let text = "COPY t (a) FROM STDIN WITH (FORMAT text); -- rows follow\n1;'\n\\\\.\n\\.\nSELECT 1;";
    let statements = split(text).unwrap();
    assert_eq!(statements.len(), 2);
    assert_eq!(&text[statements[0].copy_rows.clone().unwrap()], "1;'\n\\\\.\n");
    assert_eq!(statements[1].text(text), "SELECT 1");
    check(
        "COPY t FROM '/stdin'; SELECT 1",
        &["COPY t FROM '/stdin'", "SELECT 1"],
    );
    check(
        "SELECT a FROM stdin; SELECT 1",
        &["SELECT a FROM stdin", "SELECT 1"],
    );
}

#[test]
fn copy_without_rows_is_refused() {
    check_refused(
        "COPY t FROM stdin; SELECT 1;\n1\n\\.\n",
        &SplitErrorKind::CopyWithoutRows,
        1,
        1,
    );
    check_refused(
        "SELECT 1;\nCOPY t FROM stdin;",
        &SplitErrorKind::CopyWithoutRows,
        2,
        1,
    );
    let open = SplitErrorKind::Unterminated(Unterminated::CopyData);
    check_refused("COPY t FROM stdin;\n1\n2\n", &open, 2, 1);
}

#[test]
fn what_never_ends_is_refused_where_it_begins() {
    let refused =
        |text, what, line, column| check_refused(text, &SplitErrorKind::Unterminated(what), line, column);
    refused("SELECT 1;\n  'abc", Unterminated::String, 2, 3);
    refused("SELECT \"abc;", Unterminated::QuotedIdent, 1, 8);
    refused("SELECT é, $a$ ; $b$", Unterminated::DollarString, 1, 11);
    refused("/* /* */ SELECT 1;", Unterminated::BlockComment, 1, 1);
    check_refused(
        "SELECT 1;\nCREATE TABLE t (a int;\nSELECT 2;",
        &SplitErrorKind::OpenAtEnd,
        2,
        1,
    );
}

#[test]
fn psql_commands_are_passed_over_or_refused_by_name() {
    check("\\restrict abc\nSELECT 1;\n\\unrestrict abc\n", &["SELECT 1"]);
    check("\\set ON_ERROR_STOP on\nSELECT 1", &["SELECT 1"]);
    check_refused(
        "SELECT 1;\n\\i other.sql\n",
        &SplitErrorKind::MetaCommand("\\i".into()),
        2,
        1,
    );
    check_refused(
        "\\copy t from 'x'",
        &SplitErrorKind::MetaCommand("\\copy".into()),
        1,
        1,
    );
    check_refused(
        "SELECT 1 \\gset",
        &SplitErrorKind::MetaCommand("\\gset".into()),
        1,
        10,
    );
}

#[test]
fn statements_know_the_line_and_column_of_their_first_token() {
    let text = "-- head\n\n  SELECT 1;\n/* é */ SELECT 2;";
    let starts: Vec<(u32, u32)> = split(text)
        .unwrap()
        .iter()
        .map(|s| (s.start.line, s.start.column))
        .collect();
    assert_eq!(starts, [(3, 3), (4, 9)]);
}

#[test]
fn numbers_are_one_token() {
    let kinds = |text: &str| {
        tokens(text)
            .map(|t| (t.kind, t.text(text).to_owned()))
            .collect::<Vec<_>>()
    };
    for number in ["1", "1.5", ".5", "1.", "1e10", "1.5E-3", "0xFF", "1_000"] {
        assert_eq!(kinds(number), [(TokenKind::Number, number.to_owned())]);
    }
    assert_eq!(tokens("1..2").count(), 3);
}

/// Fragments that mean something to the lexer, so that random texts reach its corners.
fn fragment() -> impl Strategy<Value = String> {
    let special = prop::sample::select(vec![
        "'",
        "\"",
        "$$",
        "$a$",
        "$",
        "\\",
        "--",
        "/*",
        "*/",
        "\n",
        ";",
        "(",
        ")",
        "E'",
        "U&'",
        "U&\"",
        "\\.\n",
        " ",
        "COPY t FROM STDIN;\n",
        "CREATE FUNCTION f() BEGIN ATOMIC ",
        "CASE ",
        "END",
        "AS ",
        "é",
        "\r\n",
        "1.5e",
        "0x",
        "+",
        ".",
        "\u{0}",
    ]);
    prop_oneof![8 => special.prop_map(str::to_owned), 1 => ".{0,6}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_tokens_put_together_are_the_text(text in prop::collection::vec(fragment(), 0..40).prop_map(|f| f.concat())) {
        let mut end = 0;
        for token in tokens(&text) {
            prop_assert_eq!(token.span.start, end);
            prop_assert!(token.span.end > token.span.start);
            prop_assert!(text.is_char_boundary(token.span.end));
            end = token.span.end;
        }
        prop_assert_eq!(end, text.len());
    }

    #[test]
    fn splitting_never_panics_and_statements_lie_in_order(
        text in prop::collection::vec(fragment(), 0..40).prop_map(|f| f.concat())
    ) {
        if let Ok(statements) = split(&text) {
            let mut end = 0;
            for statement in statements {
                prop_assert!(statement.span.start >= end);
                end = statement.copy_rows.map_or(statement.span.end, |rows| rows.end);
            }
        }
    }

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC*") {
        let _ = split(&text);
    }
}
