//! How an agent becomes a component.
