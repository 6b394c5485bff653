//! Nothing: a package needs a target, and this one exists to have its dependencies' files fetched.
