#![no_std]

// A library, so that the other crate can depend on this one.
