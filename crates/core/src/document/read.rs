//! Typed values from the tree, with errors that know their place.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};

use super::{Node, Place, Placed, nearest};

/// What is wrong; the place is added by the innermost value or key that knows it.
#[derive(Debug)]
pub(super) struct ReadError {
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) place: Option<Place>,
}

impl ReadError {
    fn of(message: String, help: Option<String>) -> Self {
        Self { message, help, place: None }
    }

    fn at(mut self, place: &Place) -> Self {
        self.place.get_or_insert_with(|| place.clone());
        self
    }
}

/// `did you mean …`, or what there is to choose from.
fn suggest(name: &str, known: &'static [&'static str], what: &str) -> String {
    if known.is_empty() {
        return format!("there are no {what} here");
    }
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{what} here: {}", known.join(", ")),
    }
}

fn found(unexpected: Unexpected<'_>) -> String {
    match unexpected {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(value) => format!("the number {value}"),
        Unexpected::Signed(value) => format!("the number {value}"),
        Unexpected::Float(value) => format!("the number {value}"),
        Unexpected::Str(value) => format!("the text `{value}`"),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a map".to_owned(),
        other => other.to_string(),
    }
}

/// Serde's names of types in plain English.
fn wanted(expected: &dyn Expected) -> String {
    let text = expected.to_string();
    match text.as_str() {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a string" | "string" => "a text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        text if text.starts_with("struct ") => "a map of keys".to_owned(),
        text if text.starts_with("enum ") => "a name, or a map with one key".to_owned(),
        _ => text,
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::of(message.to_string(), None)
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::of(format!("expected {}, found {}", wanted(expected), found(unexpected)), None)
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(unexpected, expected)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::of(format!("unknown key `{field}`"), Some(suggest(field, expected, "keys")))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::of(format!("unknown name `{variant}`"), Some(suggest(variant, expected, "names")))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::of(format!("the key `{field}` is missing"), None)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::of(format!("`{field}` is given twice"), None)
    }
}

/// A deserializer over a value of the tree.
pub(super) struct Reader<'a>(pub(super) &'a Placed);

impl<'a> Reader<'a> {
    fn unexpected(&self) -> Unexpected<'a> {
        match &self.0.node {
            Node::Null => Unexpected::Unit,
            Node::Bool(value) => Unexpected::Bool(*value),
            Node::Int(value) => match u64::try_from(*value) {
                Ok(value) => Unexpected::Unsigned(value),
                Err(_) => Unexpected::Signed(*value as i64),
            },
            Node::Float(value) => Unexpected::Float(*value),
            Node::Text(value) => Unexpected::Str(value),
            Node::List(_) => Unexpected::Seq,
            Node::Map(_) => Unexpected::Map,
        }
    }

    fn whole<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let place = &self.0.place;
        let value = match self.0.node {
            Node::Int(value) => value,
            Node::Float(value) if value.fract() == 0.0 && value.abs() < 1e15 => value as i128,
            _ => return Err(<ReadError as de::Error>::invalid_type(self.unexpected(), &visitor).at(place)),
        };
        let result = match (u64::try_from(value), i64::try_from(value)) {
            (Ok(value), _) => visitor.visit_u64(value),
            (Err(_), Ok(value)) => visitor.visit_i64(value),
            (Err(_), Err(_)) => Err(de::Error::custom(format!("the number {value} is too large"))),
        };
        result.map_err(|error: ReadError| error.at(place))
    }
}

/// Where nothing or a bare name stands for a map without keys, as in `- settle`.
fn empty_map<'de, V: Visitor<'de>>(visitor: V, place: &Place) -> Result<V::Value, ReadError> {
    let entries = Entries { entries: [].iter(), value: None };
    visitor.visit_map(entries).map_err(|error: ReadError| error.at(place))
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let place = &self.0.place;
        match &self.0.node {
            Node::Null => visitor.visit_unit(),
            Node::Bool(value) => visitor.visit_bool(*value),
            Node::Int(_) => return self.whole(visitor),
            Node::Float(value) => visitor.visit_f64(*value),
            Node::Text(value) => visitor.visit_str(value),
            Node::List(items) => visitor.visit_seq(Items(items.iter())),
            Node::Map(entries) => visitor.visit_map(Entries { entries: entries.iter(), value: None }),
        }
        .map_err(|error: ReadError| error.at(place))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.0.node {
            Node::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let place = &self.0.place;
        match self.0.node {
            Node::Int(value) => visitor.visit_f64(value as f64),
            Node::Float(value) => visitor.visit_f64(value),
            _ => Err(<ReadError as de::Error>::invalid_type(self.unexpected(), &visitor)),
        }
        .map_err(|error: ReadError| error.at(place))
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.whole(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.whole(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.whole(visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.whole(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.whole(visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.whole(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match self.0.node {
            Node::Null => empty_map(visitor, &self.0.place),
            // A list must not be taken for the fields in order.
            Node::List(_) => {
                Err(<ReadError as de::Error>::invalid_type(Unexpected::Seq, &visitor).at(&self.0.place))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let place = &self.0.place;
        let access = match &self.0.node {
            Node::Text(name) => Choice { name, key: place, value: None },
            Node::Map(entries) => match entries.as_slice() {
                [(name, key, value)] => Choice { name, key, value: Some(value) },
                [] => {
                    return Err(
                        ReadError::of("expected a name, found an empty map".to_owned(), None).at(place)
                    );
                }
                [_, (second, key, _), ..] => {
                    let message = format!("one key too many: `{second}`");
                    let help = "this takes one key; check the indentation of what follows it".to_owned();
                    return Err(ReadError::of(message, Some(help)).at(key));
                }
            },
            _ => return Err(<ReadError as de::Error>::invalid_type(self.unexpected(), &visitor).at(place)),
        };
        visitor.visit_enum(access).map_err(|error: ReadError| error.at(place))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i128 u128 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map identifier
        ignored_any
    }
}

struct Items<'a>(std::slice::Iter<'a, Placed>);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadError> {
        self.0
            .next()
            .map(|item| seed.deserialize(Reader(item)).map_err(|error| error.at(&item.place)))
            .transpose()
    }
}

struct Entries<'a> {
    entries: std::slice::Iter<'a, (String, Place, Placed)>,
    value: Option<&'a Placed>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ReadError> {
        let Some((key, place, value)) = self.entries.next() else { return Ok(None) };
        self.value = Some(value);
        let reader: StrDeserializer<'_, ReadError> = key.as_str().into_deserializer();
        seed.deserialize(reader).map(Some).map_err(|error| error.at(place))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        match self.value.take() {
            Some(value) => seed.deserialize(Reader(value)).map_err(|error| error.at(&value.place)),
            None => Err(de::Error::custom("a value was asked for before its key")),
        }
    }
}

struct Choice<'a> {
    name: &'a str,
    key: &'a Place,
    value: Option<&'a Placed>,
}

impl<'de, 'a> EnumAccess<'de> for Choice<'a> {
    type Error = ReadError;
    type Variant = Chosen<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Chosen<'a>), ReadError> {
        let reader: StrDeserializer<'_, ReadError> = self.name.into_deserializer();
        let variant = seed.deserialize(reader).map_err(|error| error.at(self.key))?;
        Ok((variant, Chosen { name: self.name, key: self.key, value: self.value }))
    }
}

struct Chosen<'a> {
    name: &'a str,
    key: &'a Place,
    value: Option<&'a Placed>,
}

impl<'de> VariantAccess<'de> for Chosen<'_> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        match self.value {
            None | Some(Placed { node: Node::Null, .. }) => Ok(()),
            Some(value) => {
                Err(ReadError::of(format!("`{}` takes no settings", self.name), None).at(&value.place))
            }
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ReadError> {
        let nothing = Placed { node: Node::Null, place: self.key.clone() };
        let value = self.value.unwrap_or(&nothing);
        seed.deserialize(Reader(value)).map_err(|error| error.at(&value.place))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, ReadError> {
        match self.value {
            Some(value) => Reader(value).deserialize_any(visitor),
            None => Err(<ReadError as de::Error>::invalid_type(Unexpected::Unit, &visitor).at(self.key)),
        }
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match self.value {
            Some(value) => Reader(value).deserialize_struct("", &[], visitor),
            None => empty_map(visitor, self.key),
        }
    }
}
