//! The verbs of an operator, beside a runner and without one.

mod by_hand; // jobs that a person queues
mod care; // what is removed, when, and what never is
mod causes; // failures made for real, and what is said of them
mod deaths; // verbs and runners that die between request and answer; hostile requests
mod deliveries; // what has arrived, as people see it
mod operator; // the operator's page shows what the program prints
mod orders; // what people order about, beside a runner and without one
mod pages; // manual pages and completions
mod screens; // what people see: lists, one screen, what is waited for, the doctor
mod shapes; // the page on JSON has the members that are printed
mod terminal; // what is shown on a terminal only
