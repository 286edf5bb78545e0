//! The key centre: two people found it, three custodians open it, officers let it give a key back, and one person alone
//! gets nothing out of it whatever they do.

mod founding;
mod recovery;
mod theft;
