//! What is wrong with a file, as it is shown.

use super::super::Document;
use super::sketch;

/// The message, the line of carets and the place, as `(line, column)`.
fn wrong(text: &str) -> (String, String, (usize, usize)) {
    let error = sketch(text).unwrap_err();
    let place = (error.line().unwrap(), error.column().unwrap());
    let shown = error.to_string();
    let carets = shown.lines().nth(2).unwrap_or_default().trim_start().trim_start_matches('│').trim();
    (error.message().to_owned(), carets.to_owned(), place)
}

#[test]
fn an_error_is_shown_with_its_line() {
    let shown = |text: &str| sketch(text).unwrap_err().to_string();
    assert_eq!(
        shown("name: x\nvariants:\n  hnsw: {index: {hnsw: {m: 16}}, ef_serach: 100}\n"),
        "unknown key `ef_serach` in s.yaml:3:34\n   \
            3 │   hnsw: {index: {hnsw: {m: 16}}, ef_serach: 100}\n     \
              │                                  ^^^^^^^^^ did you mean `ef_search`?"
    );
    assert_eq!(
        shown("name: x\nvariants: {é: {index: hsnw}}\n"),
        "unknown name `hsnw` in s.yaml:2:23\n   \
            2 │ variants: {é: {index: hsnw}}\n     \
              │                       ^^^^ did you mean `hnsw`?"
    );
    assert_eq!(
        shown("name: x\nvariants: {\"向量\": {index: 5}}\n"),
        "expected a name, or a map with one key, found the number 5 in s.yaml:2:26\n   \
            2 │ variants: {\"向量\": {index: 5}}\n     \
              │                            ^ valid names here: none, hnsw"
    );
    assert_eq!(
        shown("zzz: 1"),
        "unknown key `zzz` in s.yaml:1:1\n   \
            1 │ zzz: 1\n     \
              │ ^^^ valid keys here: name, variants, phases, objectives, pair, for"
    );
    assert_eq!(shown(""), "the file is empty in s.yaml:1:1");
    assert_eq!(shown("# nothing\n"), "the file is empty in s.yaml:1:1");
}

#[test]
fn wrong_keys_and_values() {
    let help = "^ valid names here: settle, search";
    for (text, message, carets, place) in [
        ("variants: {}", "the key `name` is missing", "^^^^^^^^", (1, 1)),
        ("name: 5", "expected text, found the number 5", "^", (1, 7)),
        ("name: true", "expected text, found `true`", "^^^^", (1, 7)),
        ("name:", "expected text, found nothing", "^^^^", (1, 1)),
        ("name: {a: 1}", "expected text, found a map", "^", (1, 7)),
        ("name: x\nvariants: [a]", "expected a map, found a list", "^", (2, 11)),
        ("name: x\nvariants:\n", "expected a map, found nothing", "^^^^^^^^", (2, 1)),
        ("name: x\nphases: settle", "expected a list, found the text `settle`", "^^^^^^", (2, 9)),
        ("name: x\nphases: [5]", "expected a name, or a map with one key, found the number 5", help, (2, 10)),
        ("name: x\nphases: [{}]", "expected a name, found an empty map", help, (2, 10)),
        (
            "name: x\nphases: [search: 5]",
            "expected a map of keys, found the number 5",
            "^ valid keys here: name, k",
            (2, 18),
        ),
        (
            "name: x\nphases:\n  - search:\n    k: 10",
            "one key too many: `k`",
            "^ indent it further than `search` if it belongs to it",
            (4, 5),
        ),
        ("name: x\nphases: [serach]", "unknown name `serach`", "^^^^^^ did you mean `search`?", (2, 10)),
        (
            "name: x\nphases: [{serach: {}}]",
            "unknown name `serach`",
            "^^^^^^ did you mean `search`?",
            (2, 11),
        ),
        ("name: x\npair: [1, 2, 3]", "expected a list of 2, found 3", "^", (2, 14)),
        ("name: x\npair: [1]", "expected a list of 2, found 1", "^", (2, 7)),
        ("name: x\nfor: 30", "a time needs a unit, like 30s", "^^", (2, 6)),
        ("name: x\nfor: soon", "not a time", "^^^^", (2, 6)),
        ("name: x\nfor: 1.5", "expected a time with its unit, like 30s, found the number 1.5", "^^^", (2, 6)),
        (
            "a:1",
            "expected a map of keys, found the text `a:1`",
            "^^^ valid keys here: name, variants, phases, objectives, pair, for",
            (1, 1),
        ),
        ("{name:x}", "unknown key `name:x`", "^^^^^^ put a space after the colon: `name: x`", (1, 2)),
        (
            "\"\\e[2J\": 1",
            "unknown key `\\u{1b}[2J`",
            "^^^^^^^ valid keys here: name, variants, phases, objectives, pair, for",
            (1, 1),
        ),
    ] {
        assert_eq!(wrong(text), (message.to_owned(), carets.to_owned(), place), "{text}");
    }
}

#[test]
fn wrong_settings_of_a_variant() {
    for (text, message, carets, column) in [
        ("ef_search: many", "expected a whole number, found the text `many`", "^^^^", 27),
        ("ef_search: -1", "must not be negative", "^^", 27),
        ("ef_search: 1.5", "expected a whole number, found the number 1.5", "^^^", 27),
        ("ef_search: 4294967296", "must be at most 4294967295", "^^^^^^^^^^", 27),
        ("ef_search: 99999999999999999999", "must be at most 4294967295", "^^^^^^^^^^^^^^^^^^^^", 27),
        ("offset: -129", "must be at least -128", "^^^^", 24),
        ("share: much", "expected a number, found the text `much`", "^^^^", 23),
        ("ratio: 1e300", "the number is too large", "^^^^^", 23),
        ("on: yes", "expected true or false, found the text `yes`", "^^^", 20),
        ("index: {hnsw: {}}", "the key `m` is missing", "^^^^", 24),
        ("index: hnsw", "the key `m` is missing", "^^^^", 23),
        ("index: {hnsw: {m: 1, n: 2}}", "unknown key `n`", "^ valid keys here: m", 37),
        ("index: {hnsw: {m: 300}}", "must be at most 255", "^^^", 34),
        ("index: {none: {m: 1}}", "`none` takes no settings", "^", 30),
        (
            "index: ~",
            "expected a name, or a map with one key, found nothing",
            "^ valid names here: none, hnsw",
            23,
        ),
    ] {
        let expected = (message.to_owned(), carets.to_owned(), (2, column));
        assert_eq!(wrong(&format!("name: x\nvariants: {{a: {{{text}}}}}")), expected, "{text}");
    }
}

#[test]
fn wrong_syntax() {
    for (text, message, carets, place) in [
        ("name: [x\n", "unclosed bracket '['", "^", (1, 7)),
        ("name: 'x", "unclosed quote", "^", (1, 7)),
        ("name: x\nname: y\n", "`name` is given twice", "^^^^", (2, 1)),
        ("{name: x, \"name\": y}", "`name` is given twice", "^^^^^^", (1, 11)),
        (
            "name: a: b",
            "unexpected `:`",
            "^ check the indentation, or put a text that holds `: ` in quotes",
            (1, 8),
        ),
        ("a:\n\t- b", "a tab in the indentation", "^ indent with spaces", (2, 2)),
        ("name: @x", "unexpected character: `@'", "^ put the text in quotes", (1, 7)),
        (
            "a: - b",
            "a list can't begin here",
            "^ begin it in a line of its own, or write it as [a, b]",
            (1, 4),
        ),
        (
            "name: *nope",
            "there is no anchor of this name above",
            "^^^^^ write `&name` before the value that it repeats",
            (1, 7),
        ),
        ("a: &a [*a]", "this alias is part of the value that it repeats", "^^", (1, 8)),
        ("<<: 5", "`<<` takes a map, or a list of maps", "^", (1, 5)),
        ("~: 5", "this can't be a key", "^ put it in quotes", (1, 1)),
        ("[a]: b", "a key must be a text", "^", (1, 1)),
        (
            "a: 1\n---\nb: 2",
            "a second document begins here",
            "^ a file holds one; remove the `---` above",
            (3, 1),
        ),
        ("a: .inf", "this is not a finite number", "^^^^", (1, 4)),
    ] {
        assert_eq!(wrong(text), (message.to_owned(), carets.to_owned(), place), "{text}");
    }
    let (message, _, place) = wrong(&("[".repeat(100) + &"]".repeat(100)));
    assert_eq!((message.as_str(), place), ("nested deeper than 32 levels", (1, 33)));
}

#[test]
fn what_an_alias_repeats_is_wrong_where_it_is_written() {
    let text =
        "name: x\nvariants:\n  a: &a {index: none}\n  b: {<<: *a, ef_search: 1}\nphases:\n  - search: *a\n";
    assert_eq!(wrong(text), ("unknown key `index`".into(), "^^^^^ valid keys here: name, k".into(), (3, 10)));
}

#[test]
fn an_element_of_a_list_is_shown_and_not_the_list() {
    let text = "name: x\nphases:\n  - settle\n  - search:\n      k: ten\n";
    assert_eq!(wrong(text).2, (5, 10));
    let (_, carets, place) = wrong("name: |\n  one\n  two\nzzz: 1\n");
    assert_eq!((carets.split(' ').next(), place), (Some("^^^"), (4, 1)));
    let (message, carets, place) = wrong("name: x\npair: |\n  one\n  two\n");
    assert_eq!((message.lines().count(), carets.as_str(), place), (1, "^^^", (3, 3)));
}

#[test]
fn line_ends_of_all_kinds_count() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["name: x", "", "phases: [é, 5]", "# end"].join(end);
        let shown = sketch(&text).unwrap_err().to_string();
        let (place, snippet) = ("in s.yaml:3:10\n", "\n   3 │ phases: [é, 5]\n     │          ^ valid");
        assert!(shown.contains(place) && shown.contains(snippet), "{end:?}: {shown}");
    }
}

#[test]
fn a_long_line_is_cut_around_the_place() {
    let many = "a, ".repeat(200);
    let text = format!("{{name: x, objectives: [{many}5, {many}], zzz: 1}}");
    let shown = sketch(&text).unwrap_err().to_string();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[0], "expected text, found the number 5 in s.yaml:1:624");
    assert!(
        lines[1].contains("│ …") && lines[1].ends_with('…') && lines[1].chars().count() <= 121,
        "{shown}"
    );
    let caret = lines[2].chars().position(|c| c == '^').unwrap();
    assert_eq!(lines[1].chars().nth(caret), Some('5'), "{shown}");

    let end = format!("{{name: x, objectives: [{many}5]}}");
    let shown = sketch(&end).unwrap_err().to_string();
    assert!(shown.lines().nth(1).unwrap().ends_with(" 5]}"), "{shown}");
}

#[test]
fn a_check_after_reading_names_its_place() {
    let document = Document::parse("s.yaml", super::GOOD).unwrap();
    let error = document.error(document.place_of_key(&["variants", "hnsw"]), "has no baseline");
    assert_eq!(
        error.with_help("add one,\nor leave it").to_string(),
        "has no baseline in s.yaml:4:3
   4 │   hnsw: {index: {hnsw: {m: 16}}, ef_search: 64, share: 1, on: true}
     │   ^^^^ add one,
     │ or leave it"
    );
}
