//! What an app adds.
