//! Filters and orders over the resources of a world.
//!
//! A [`ResourceFilter`] says which resources, a [`ResourceOrder`] in which sequence; both are asked with the [`Queues`]
//! of the world, which are counted once for all resources. The language is that of the filters of tasks, with the fields
//! that [`RESOURCE_FILTER_HELP`] tells of.

mod column;
mod filter;
mod help;
mod queues;

pub use column::{ResourceColumn, ResourceOrder};
pub use filter::ResourceFilter;
pub use help::RESOURCE_FILTER_HELP;
pub use queues::{Queue, Queues};
