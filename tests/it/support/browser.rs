//! Edge. A real browser, driven from outside by its own protocol.
