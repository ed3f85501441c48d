//! Filters, orders and groups over the tasks of a world.
