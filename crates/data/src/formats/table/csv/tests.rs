//! Tables of all kinds.

use super::*;
use crate::map::still;
use annvil_core::label::{LabelType, LabelValue, Labels};
use proptest::prelude::*;

fn read(text: &str) -> Result<(Bundle, Vectors), FormatError> {
    let mut bundle = open("t", &still(text.as_bytes().to_vec().leak()), None)?;
    let none = Rows::Ready(Vectors::U8(Matrix::new(vec![], 1).unwrap()));
    let rows = std::mem::replace(&mut bundle.base, none).collect(None)?.content;
    Ok((bundle, rows))
}

fn names(labels: &Labels) -> Vec<(&str, LabelType)> {
    labels.columns().map(|(name, column)| (name, column.kind())).collect()
}

#[test]
fn vectors_in_one_column_or_in_many() {
    let expected = Vectors::F32(Matrix::new(vec![0.1, 2.0, 3.0, -4.5], 2).unwrap());
    for text in [
        "vector\n\"[0.1, 2]\"\n\"[3, -4.5]\"\n",
        "vector\r\n0.1 2\r\n3 -4.5\r\n",
        "\"{0.1,2}\"\n\"{3,-4.5}\"",
        "id;Embedding\n0;[0.1, 2]\n1;[3, -4.5]",
        "id\tmine\n0\t{0.1,2}\n1\t{3,-4.5}\n",
        ",0,1\n0,0.1,2\n1,3,-4.5\n",
        "0,1\n0.1,2\n3,-4.5\n",
        "dim_1,dim_0\n2,0.1\n-4.5,3\n",
        "v1, v2\n0.1, 2\n3, -4.5\n",
        "0.1,2\n3,-4.5",
        "\u{feff}x0,x1\n0.1,2\n\n3,-4.5\n\n",
    ] {
        let (bundle, rows) = read(text).unwrap();
        assert_eq!(rows, expected, "{text}");
        assert!(bundle.labels.is_none(), "{text}");
    }
}

#[test]
fn other_columns_are_labels_and_texts() {
    let text = "id,name,n,score,ok,tags,text,vector\n\
                7,\"a, b\",1,1,true,\"[\"\"x\"\"]\",first,[1]\n\
                8,,2,0.5,False,[],,[2]\n";
    let (bundle, rows) = read(text).unwrap();
    assert_eq!((rows.rows(), rows.dim()), (2, 1));
    assert_eq!(bundle.texts.unwrap().content, ["first", ""]);
    let labels = bundle.labels.unwrap().content;
    assert_eq!(
        names(&labels),
        [
            ("id", LabelType::Int),
            ("n", LabelType::Int),
            ("name", LabelType::Text),
            ("ok", LabelType::Bool),
            ("score", LabelType::Float),
            ("tags", LabelType::TextList),
        ]
    );
    assert_eq!(labels.column("name").unwrap().value(0), Some(LabelValue::Text("a, b".into())));
    assert_eq!(labels.column("name").unwrap().value(1), None);
    // Numbered columns that are no numbers are labels.
    let (bundle, rows) = read("tag1,tag2,e0,e1\na,b,1,2\n").unwrap();
    assert_eq!((rows.dim(), bundle.labels.unwrap().content.columns().count()), (2, 2));
    // Both are numbered, and one has a telling name.
    let (bundle, rows) = read("price1,price2,e0,e1\n5,6,1,2\n").unwrap();
    assert_eq!((rows.dim(), bundle.labels.unwrap().content.columns().count()), (2, 2));
}

#[test]
fn bad_tables_are_named() {
    for (text, part) in [
        ("", "no rows"),
        ("v0,v1\n", "a head line and no row"),
        ("a,b\n1,x\n", "line 2: no column holds vectors, and none are numbered, among [a, b]"),
        ("a,b\n[1],[2]\n", "`a` and `b` both hold lists"),
        ("p0,p1,q0,q1\n1,2,3,4\n", "columns p0… and q0… are both numbered"),
        ("a,a\n1,2\n", "line 1: two columns are named `a`"),
        ("v0,v1\n1,2\n1\n", "line 3: 1 columns; the first line has 2"),
        ("v0,v1\n1,2\n1,\n", "line 3: column `v1` has nothing"),
        ("v0,v1\n1,2\n1,nan\n", "line 3: column `v1` has `nan`, which is no finite number"),
        ("v0,v1\n1,2\n1,-inf\n", "line 3: column `v1` has `-inf`, which is no finite number"),
        ("v0,v1\n1,2\n1,x\n", "line 3: column `v1` has `x`, which is no number"),
        ("vector\n1 2\n1 2 3\n", "line 3: a vector of 3 dimensions; the first has 2"),
        ("k,vector\na,1 2\nb,\n", "line 3: column `vector` is empty"),
        ("vector\n\"[1, 2\n", "line 2: no column"),
        ("x,[1 2]\n", "line 1: there is a vector where the names"),
    ] {
        let error = read(text).err().unwrap_or_else(|| panic!("{text} was read"));
        assert!(error.message.contains(part), "{text}: {error}");
    }
    let error = open("t", &still(b"a\xff,v\n1,2 3\n"), None).err().unwrap();
    assert!(error.message.contains("line 1: column 1 is not UTF-8"), "{error}");
}

proptest! {
    #[test]
    fn nothing_makes_the_reader_panic(text in "([\\[\\]{}\",;a0-9. \n\t]|v0,v1\n|vector\n|id,|text,|1,2\n|\"\\[1, 2\\]\"\n){0,30}") {
        let _ = read(&text);
    }
}
