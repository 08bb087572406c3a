//! Typed values from the tree, with errors that know their place.

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};

use super::Place;
use super::fault::{Fault, describe, unexpected};
use super::node::{Entry, Node, Placed};

/// A deserializer over a value of the tree.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a Placed);

impl Reader<'_> {
    fn wrong_type<'de, V: Visitor<'de>>(self, visitor: &V) -> Fault {
        Fault::invalid_type(unexpected(&self.0.node), visitor).at(&self.0.place)
    }

    /// A whole number from `least` to `most`; `16.0` and `1e3` are whole.
    fn whole<'de, V: Visitor<'de>>(self, visitor: V, least: i128, most: i128) -> Result<V::Value, Fault> {
        let value = match self.0.node {
            Node::Int(value) => value,
            Node::Float(value) if value.fract() == 0.0 => value as i128,
            _ => {
                let message = format!("expected a whole number, found {}", describe(&self.0.node));
                return Err(Fault::new(message).at(&self.0.place));
            }
        };
        let wrong = |message: String| Err(Fault::new(message).at(&self.0.place));
        if value < 0 && least == 0 {
            return wrong("must not be negative".to_owned());
        }
        if value < least {
            return wrong(format!("must be at least {least}"));
        }
        if value > most {
            return wrong(format!("must be at most {most}"));
        }
        self.number(value, visitor)
    }

    fn number<'de, V: Visitor<'de>>(self, value: i128, visitor: V) -> Result<V::Value, Fault> {
        match (u64::try_from(value), i64::try_from(value)) {
            (Ok(value), _) => visitor.visit_u64(value),
            (Err(_), Ok(value)) => visitor.visit_i64(value),
            (Err(_), Err(_)) => visitor.visit_i128(value),
        }
        .map_err(|fault: Fault| fault.at(&self.0.place))
    }

    fn float<'de, V: Visitor<'de>>(self, visitor: V, most: f64) -> Result<V::Value, Fault> {
        let value = match self.0.node {
            Node::Int(value) => value as f64,
            Node::Float(value) => value,
            _ => return Err(self.wrong_type(&visitor)),
        };
        if value.abs() > most {
            return Err(Fault::new("the number is too large").at(&self.0.place));
        }
        visitor.visit_f64(value).map_err(|fault: Fault| fault.at(&self.0.place))
    }
}

macro_rules! whole_numbers {
    ($($method:ident: $type:ident),*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            self.whole(visitor, $type::MIN.into(), $type::MAX.into())
        })*
    };
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.node {
            Node::Null => visitor.visit_unit(),
            Node::Bool(value) => visitor.visit_bool(*value),
            Node::Int(value) => self.number(*value, visitor),
            Node::Float(value) => visitor.visit_f64(*value),
            Node::Text(value) => visitor.visit_str(value),
            Node::List(items) => list(items, visitor),
            Node::Map(entries) => map(entries, visitor),
        }
        .map_err(|fault: Fault| fault.at(&self.0.place))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0.node {
            Node::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
        .map_err(|fault: Fault| fault.at(&self.0.place))
    }

    whole_numbers! {
        deserialize_u8: u8, deserialize_u16: u16, deserialize_u32: u32, deserialize_u64: u64,
        deserialize_i8: i8, deserialize_i16: i16, deserialize_i32: i32, deserialize_i64: i64
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.float(visitor, f32::MAX.into())
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.float(visitor, f64::MAX)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.0.node {
            // `settle:` with nothing behind it has all its settings left out.
            Node::Null => map(&[], visitor).map_err(|fault| fault.at(&self.0.place)),
            Node::Map(_) => self.deserialize_any(visitor),
            // A list, above all, must not be taken for the values of the keys in their order.
            _ if fields.is_empty() => Err(self.wrong_type(&visitor)),
            _ => Err(self.wrong_type(&visitor).with_help(format!("valid keys here: {}", fields.join(", ")))),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self).map_err(|fault: Fault| fault.at(&self.0.place))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let place = &self.0.place;
        let names = || format!("valid names here: {}", variants.join(", "));
        let choice = match &self.0.node {
            Node::Text(name) => Choice { name, key: place, value: None },
            Node::Map(entries) => match entries.as_slice() {
                [entry] => Choice { name: &entry.key, key: &entry.place, value: Some(&entry.value) },
                [] => {
                    return Err(Fault::new("expected a name, found an empty map")
                        .at(place)
                        .with_help(names()));
                }
                [first, second, ..] => {
                    let message = format!("one key too many: `{}`", second.key);
                    // `- search:` and its settings one level too far to the left.
                    let help = if first.value.node == Node::Null {
                        format!("indent it further than `{}` if it belongs to it", first.key)
                    } else {
                        format!("`{}` is the one key of this map", first.key)
                    };
                    return Err(Fault::new(message).at(&second.place).with_help(help));
                }
            },
            Node::Null if variants.contains(&"null") => {
                let help = format!("{}; the name null stands in quotes: \"null\"", names());
                return Err(self.wrong_type(&visitor).with_help(help));
            }
            _ => return Err(self.wrong_type(&visitor).with_help(names())),
        };
        visitor.visit_enum(choice).map_err(|fault: Fault| fault.at(place))
    }

    serde::forward_to_deserialize_any! {
        bool i128 u128 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map identifier
        ignored_any
    }
}

/// Serde's own visitors leave what they don't want; nothing in a file is to be passed over.
fn list<'de, V: Visitor<'de>>(items: &[Placed], visitor: V) -> Result<V::Value, Fault> {
    let mut rest = Items(items.iter());
    let value = visitor.visit_seq(&mut rest)?;
    match rest.0.next() {
        Some(extra) => {
            let wanted = items.len() - rest.0.len() - 1;
            Err(Fault::new(format!("expected a list of {wanted}, found {}", items.len())).at(&extra.place))
        }
        None => Ok(value),
    }
}

fn map<'de, V: Visitor<'de>>(entries: &[Entry], visitor: V) -> Result<V::Value, Fault> {
    let mut rest = Entries { entries: entries.iter(), current: None };
    let value = visitor.visit_map(&mut rest)?;
    match rest.entries.next() {
        Some(extra) => Err(Fault::new(format!("one key too many: `{}`", extra.key)).at(&extra.place)),
        None => Ok(value),
    }
}

struct Items<'a>(std::slice::Iter<'a, Placed>);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let read = |item| seed.deserialize(Reader(item)).map_err(|fault| fault.in_element(&item.place));
        self.0.next().map(read).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

struct Entries<'a> {
    entries: std::slice::Iter<'a, Entry>,
    current: Option<&'a Entry>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        self.current = self.entries.next();
        let Some(Entry { key, place, .. }) = self.current else { return Ok(None) };
        seed.deserialize(name(key)).map(Some).map_err(|fault| fault.at(place))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        match self.current.take() {
            Some(Entry { value, place, .. }) => {
                seed.deserialize(Reader(value)).map_err(|fault| fault.at(&value.place).under(place))
            }
            None => Err(Fault::custom("a value was asked for before its key")),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

fn name(text: &str) -> StrDeserializer<'_, Fault> {
    text.into_deserializer()
}

/// A variant by its name alone, or as the key of its settings.
#[derive(Clone, Copy)]
struct Choice<'a> {
    name: &'a str,
    key: &'a Place,
    value: Option<&'a Placed>,
}

impl Choice<'_> {
    /// A bare name has all its settings left out.
    fn with_settings<T>(self, read: impl FnOnce(Reader<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        let nothing = Placed { node: Node::Null, place: self.key.clone() };
        let value = self.value.unwrap_or(&nothing);
        read(Reader(value)).map_err(|fault| fault.at(&value.place).under(self.key))
    }
}

impl<'de> EnumAccess<'de> for Choice<'_> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Fault> {
        let variant = seed.deserialize(name(self.name)).map_err(|fault| fault.at(self.key))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Choice<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.value {
            None | Some(Placed { node: Node::Null, .. }) => Ok(()),
            Some(Placed { node: Node::Map(entries), .. }) if entries.is_empty() => Ok(()),
            Some(value) => Err(Fault::new(format!("`{}` takes no settings", self.name)).at(&value.place)),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        self.with_settings(|reader| seed.deserialize(reader))
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            Some(value) => Reader(value).deserialize_tuple(length, visitor),
            None => Err(Fault::invalid_type(Unexpected::Unit, &visitor).at(self.key)),
        }
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.with_settings(|reader| reader.deserialize_struct("", fields, visitor))
    }
}
