//! Filters, orders and groups over the tasks of a world.
//!
//! A [`Filter`] says which tasks, an [`Order`] in which sequence, and [`by_place`] adds them up by the place where they
//! were spawned, [`by_stack`] by the places at which they wait. The language of filters is told in [`FILTER_HELP`]. What is asked here is answered for the moment
//! [`World::now`](crate::World::now).

mod column;
mod error;
mod filter;
mod group;
mod help;
mod lex;
mod measure;
mod order;
mod parse;
mod place;
mod resources;
mod stacks;
mod term;
mod text;
mod value;

pub use column::{Column, UnknownColumn};
pub use error::FilterError;
pub use filter::Filter;
pub use group::{Group, GroupColumn, by_place, sort_groups};
pub use help::FILTER_HELP;
pub use order::Order;
pub use resources::{
    Queue, Queues, RESOURCE_FILTER_HELP, ResourceColumn, ResourceFilter, ResourceOrder,
};
pub use stacks::{At, Nowhere, Spot, StackGroup, StackKey, by_stack, nowhere};
