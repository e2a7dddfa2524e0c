//! What is bound to the parameters of a statement.

use std::borrow::Cow;

use sqlx::error::BoxDynError;
use sqlx::{Arguments, Encode, Type};
use uuid::Uuid;

/// A value; `None` is NULL, of that type.
#[derive(Debug)]
pub(super) enum Value<'q> {
    Integer(Option<i64>),
    Bool(Option<bool>),
    Text(Option<Cow<'q, str>>),
    Bytes(Option<Cow<'q, [u8]>>),
    Uuid(Option<Uuid>),
}

/// What can be bound.
pub(super) trait Bind<'q>: Sized {
    /// NULL in place of such a value.
    fn null() -> Value<'q>;

    /// The value for the statement.
    fn value(self) -> Value<'q>;
}

impl<'q, T: Bind<'q>> Bind<'q> for Option<T> {
    fn null() -> Value<'q> {
        T::null()
    }

    fn value(self) -> Value<'q> {
        self.map_or_else(T::null, T::value)
    }
}

impl<'q, T> Bind<'q> for &'q Option<T>
where
    &'q T: Bind<'q>,
{
    fn null() -> Value<'q> {
        <&'q T>::null()
    }

    fn value(self) -> Value<'q> {
        self.as_ref().value()
    }
}

macro_rules! bind {
    ($($type:ty => $variant:ident($convert:expr)),* $(,)?) => {
        $(impl<'q> Bind<'q> for $type {
            fn null() -> Value<'q> {
                Value::$variant(None)
            }

            fn value(self) -> Value<'q> {
                let convert: fn(Self) -> _ = $convert;
                Value::$variant(Some(convert(self)))
            }
        })*
    };
}

bind! {
    i64 => Integer(|value| value),
    i32 => Integer(i64::from),
    u32 => Integer(i64::from),
    u16 => Integer(i64::from),
    u8 => Integer(i64::from),
    bool => Bool(|value| value),
    &'q str => Text(Cow::Borrowed),
    &'q String => Text(|text| Cow::Borrowed(text.as_str())),
    String => Text(Cow::Owned),
    &'q [u8] => Bytes(Cow::Borrowed),
    Vec<u8> => Bytes(Cow::Owned),
    Uuid => Uuid(|id| id),
}

impl Value<'_> {
    /// Adds it to the arguments of a statement.
    fn add_to<A: Arguments>(self, arguments: &mut A) -> Result<(), BoxDynError>
    where
        Option<i64>: for<'a> Encode<'a, A::Database> + Type<A::Database>,
        Option<bool>: for<'a> Encode<'a, A::Database> + Type<A::Database>,
        for<'a> Option<&'a str>: Encode<'a, A::Database> + Type<A::Database>,
        for<'a> Option<&'a [u8]>: Encode<'a, A::Database> + Type<A::Database>,
        Option<Uuid>: for<'a> Encode<'a, A::Database> + Type<A::Database>,
    {
        match self {
            Self::Integer(value) => arguments.add(value),
            Self::Bool(value) => arguments.add(value),
            Self::Text(value) => arguments.add(value.as_deref()),
            Self::Bytes(value) => arguments.add(value.as_deref()),
            Self::Uuid(value) => arguments.add(value),
        }
    }
}

/// The arguments of a statement.
pub(super) fn arguments<A: Arguments>(values: Vec<Value<'_>>) -> Result<A, sqlx::Error>
where
    Option<i64>: for<'a> Encode<'a, A::Database> + Type<A::Database>,
    Option<bool>: for<'a> Encode<'a, A::Database> + Type<A::Database>,
    for<'a> Option<&'a str>: Encode<'a, A::Database> + Type<A::Database>,
    for<'a> Option<&'a [u8]>: Encode<'a, A::Database> + Type<A::Database>,
    Option<Uuid>: for<'a> Encode<'a, A::Database> + Type<A::Database>,
{
    let mut arguments = A::default();
    arguments.reserve(values.len(), 0);
    for value in values {
        value.add_to(&mut arguments).map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}
