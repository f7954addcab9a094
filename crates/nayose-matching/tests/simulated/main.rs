//! What the model says of unrelated records, against simulated ones.

mod bounds;
mod chances;
mod combinations;
mod world;
