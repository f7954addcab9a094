//! EM on simulated pairs, whose truth is known.

mod classes;
mod doubts;
mod household;
mod labels;
mod records;
mod support;
