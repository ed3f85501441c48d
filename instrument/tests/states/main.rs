//! What a viewer is told of tasks, each in a situation that the test has made and knows.

#[path = "../support/app.rs"]
mod app;
mod births;
mod ends;
mod places;
mod queueing;
mod returns;
#[path = "../support/viewer.rs"]
mod viewer;
mod wakers;
mod wakes;
