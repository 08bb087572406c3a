//! Statements put together from pieces, with numbered places for their values: the one way that both databases take.

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::{Any, AnyConnection, AssertSqlSafe, Encode, Type};

/// A statement and its values. Its text is ours alone; whatever a user wrote goes in as a value.
pub(crate) struct Statement {
    text: String,
    values: AnyArguments,
    count: usize,
}

impl Statement {
    /// A statement that begins so.
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), values: AnyArguments::default(), count: 0 }
    }

    /// More of its text.
    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// A value.
    pub(crate) fn value<'t, T: Encode<'t, Any> + Type<Any>>(&mut self, value: T) -> &mut Self {
        use sqlx::Arguments as _;
        self.count += 1;
        self.text.push_str(&format!("${}", self.count));
        // Encoding for the common driver copies the value, which cannot fail.
        let _ = self.values.add(value);
        self
    }

    /// Values with commas between them, in brackets.
    pub(crate) fn list<'t, T: Encode<'t, Any> + Type<Any>>(
        &mut self,
        values: impl IntoIterator<Item = T>,
    ) -> &mut Self {
        self.push("(");
        for (at, value) in values.into_iter().enumerate() {
            self.push(if at == 0 { "" } else { ", " }).value(value);
        }
        self.push(")")
    }

    /// Does it; how many rows it changed.
    pub(crate) async fn run(self, connection: &mut AnyConnection) -> sqlx::Result<u64> {
        let done = sqlx::query_with(AssertSqlSafe(self.text), self.values).execute(connection).await?;
        Ok(done.rows_affected())
    }

    /// What it answers.
    pub(crate) async fn rows(self, connection: &mut AnyConnection) -> sqlx::Result<Vec<AnyRow>> {
        sqlx::query_with(AssertSqlSafe(self.text), self.values).fetch_all(connection).await
    }
}
