use ponte_schema::{Expression, QualifiedName};

use super::*;
use crate::mapping::ColumnMap;
use crate::shape::UniqueKey;
use crate::shape::tests::{column, perfis};

fn nodes() -> [String; 2] {
    ["a".to_owned(), "b".to_owned()]
}

fn spec() -> TableSpec {
    TableSpec::same(QualifiedName::new("public", "perfis"))
}

fn drifts(spec: &TableSpec, here: &Shape, there: &Shape) -> Vec<String> {
    let fit = fit(spec, &nodes(), [here, there]).unwrap();
    fit.drifts.iter().map(ToString::to_string).collect()
}

fn problems(spec: &TableSpec, here: &Shape, there: &Shape) -> Vec<String> {
    let fit = fit(spec, &nodes(), [here, there]).unwrap();
    fit.problems.iter().map(|p| p.message.clone()).collect()
}

#[test]
fn differing_columns_are_named_with_their_node() {
    let (here, mut there) = (perfis(), perfis());
    there.columns[1].type_name = "character varying(10)".into();
    there.columns.push(column("extra", "text"));
    assert_eq!(
        drifts(&spec(), &here, &there),
        [
            "table perfis has column extra on b but not on a",
            "column nome of table perfis is text on a and character varying(10) on b"
        ]
    );
}

#[test]
fn column_order_is_no_drift() {
    let (here, mut there) = (perfis(), perfis());
    there.columns.swap(1, 2);
    assert_eq!(drifts(&spec(), &here, &there), Vec::<String>::new());
}

#[test]
fn a_column_that_stays_is_no_drift() {
    let (here, mut there) = (perfis(), perfis());
    there.columns.push(column("extra", "text"));
    let mut spec = spec();
    spec.local[1] = vec!["extra".into()];
    assert_eq!(drifts(&spec, &here, &there), Vec::<String>::new());
    spec.local[1] = vec!["gone".into()];
    assert_eq!(
        drifts(&spec, &here, &there)[0],
        "table perfis on b has no column gone"
    );
}

#[test]
fn only_listed_columns_travel() {
    let (here, mut there) = (perfis(), perfis());
    there.columns.push(column("extra", "text"));
    let mut spec = spec();
    spec.columns = Some(vec!["nome".into()]);
    let fit = fit(&spec, &nodes(), [&here, &there]).unwrap();
    assert_eq!((fit.drifts, fit.problems), (vec![], vec![]));
    assert_eq!(fit.sides[0].columns, [Ident::new("nome")]);
    assert_eq!(fit.sides[1].columns, [Ident::new("nome")]);
}

#[test]
fn a_column_that_stays_has_to_fill_itself() {
    let (here, mut there) = (perfis(), perfis());
    there.columns.push(column("extra", "text"));
    there.columns[3].not_null = true;
    let mut spec = spec();
    spec.local[1] = vec!["extra".into()];
    assert_eq!(
        problems(&spec, &here, &there),
        ["column extra of table perfis on b needs a value and gets none from a"]
    );
    there.columns[3].has_default = true;
    assert_eq!(problems(&spec, &here, &there), Vec::<String>::new());
}

#[test]
fn a_renamed_column_travels_both_ways() {
    let (here, mut there) = (perfis(), perfis());
    there.columns[1].name = "alcunha".into();
    let mut spec = spec();
    spec.maps = vec![ColumnMap::renamed("nome", "alcunha")];
    let fit = fit(&spec, &nodes(), [&here, &there]).unwrap();
    assert_eq!(fit.drifts, []);
    assert_eq!(fit.sides[1].columns[0], Ident::new("alcunha"));
    assert_eq!(
        fit.sides[0].outgoing.columns[0],
        Value::Column(Ident::new("nome"))
    );
    assert_eq!(fit.sides[0].outgoing.loose, []);
}

#[test]
fn an_expression_in_one_direction_leaves_the_other_alone() {
    let (here, mut there) = (perfis(), perfis());
    there.columns.push(column("slug", "text"));
    let mut spec = spec();
    spec.maps = vec![ColumnMap {
        columns: [None, Some("slug".into())],
        into: [None, Some(Expression::new("lower(nome)"))],
    }];
    let fit = fit(&spec, &nodes(), [&here, &there]).unwrap();
    assert_eq!(fit.sides[0].columns.len(), 2);
    assert_eq!(fit.sides[1].columns.len(), 3);
    assert_eq!(fit.sides[1].outgoing.columns.len(), 2);
}

#[test]
fn a_cast_makes_a_column_loose() {
    let (here, mut there) = (perfis(), perfis());
    there.columns[1].type_name = "integer".into();
    let mut spec = spec();
    spec.maps = vec![ColumnMap::renamed("nome", "nome")];
    let fit = fit(&spec, &nodes(), [&here, &there]).unwrap();
    assert_eq!(fit.drifts, []);
    assert_eq!(fit.sides[0].outgoing.loose.len(), 1);
    assert_eq!(
        fit.sides[0].outgoing.compared.loose[0][0],
        Value::Column(Ident::new("nome"))
    );
}

#[test]
fn keys_of_other_names_are_paired_by_position() {
    let (mut here, there) = (perfis(), perfis());
    here.columns.push(column("external_id", "text"));
    here.columns[3].not_null = true;
    here.unique_keys.push(UniqueKey {
        primary: false,
        deferrable: false,
        columns: vec!["external_id".into()],
    });
    let mut spec = spec();
    spec.keys = [Some(vec!["external_id".into()]), Some(vec!["id".into()])];
    assert_eq!(
        drifts(&spec, &here, &there),
        ["table perfis has column id on a but not on b"]
    );
    spec.local[0] = vec!["id".into()];
    here.columns[0].has_default = true;
    let fit = fit(&spec, &nodes(), [&here, &there]).unwrap();
    assert_eq!((fit.drifts, fit.problems), (vec![], vec![]));
    assert_eq!(fit.sides[0].key, [Ident::new("external_id")]);
    assert!(
        fit.sides[0].outgoing.key[0].is_changed(),
        "text is cast to bigint"
    );
}

#[test]
fn a_generated_column_is_not_written() {
    let (here, mut there) = (perfis(), perfis());
    there.columns[1].generated = true;
    let mut spec = spec();
    spec.maps = vec![ColumnMap::renamed("nome", "nome")];
    assert_eq!(
        problems(&spec, &here, &there),
        ["column nome of table perfis on b is generated and cannot be written"]
    );
    spec.maps[0].into[0] = Some(Expression::new("nome"));
    assert_eq!(problems(&spec, &here, &there), Vec::<String>::new());
}

#[test]
fn a_key_that_ignores_case_on_one_side_only_is_refused() {
    let keyed = |folds: Option<&str>| {
        let mut shape = perfis();
        shape.columns[0].folds = folds.map(str::to_owned);
        shape
    };
    let check = |here, there| problems(&spec(), &keyed(here), &keyed(there));
    let folds = Some("collation und-u-ks-level2");
    assert!(check(None, None).is_empty());
    assert!(check(folds, folds).is_empty());
    assert_eq!(
        check(None, folds),
        [
            "key column id of table perfis takes texts for equal on \"b\" (collation und-u-ks-level2) that \"a\" tells apart"
        ]
    );
    assert_eq!(check(folds, Some("type citext")).len(), 1);
}
