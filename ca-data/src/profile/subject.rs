//! The `[[subject]]` tables: which field fills which attribute.

use hufu_model::holder::{Field, Visibility};
use hufu_model::profile::{NameAttribute, SubjectRule};

use super::ProfileError;
use super::table::Table;

/// The subject's rules, in the order of [`NameAttribute::ALL`], which is that of the encoded name.
pub(super) fn rules(table: &Table<'_>) -> Result<Vec<SubjectRule>, ProfileError> {
    let mut rules: Vec<SubjectRule> = Vec::new();
    for entry in table.tables("subject")? {
        entry.only(&["attribute", "field", "required"])?;
        let (attribute, at): (NameAttribute, _) = entry.parsed("attribute")?;
        if rules.is_empty() && attribute != NameAttribute::Country {
            return Err(at.fault("a subject begins with C"));
        }
        if let Some(before) = rules.last()
            && position(before.attribute) >= position(attribute)
        {
            return Err(at.fault("each attribute once, in the order C, ST, L, O, OU, CN, serialNumber, emailAddress"));
        }
        let (field, at): (Field, _) = entry.parsed("field")?;
        if field.visibility() == Visibility::Personal {
            return Err(at.fault(format!("{field} is a personal field and never stands in a certificate")));
        }
        let (required, at) = entry.boolean("required")?;
        if !required && matches!(attribute, NameAttribute::Country | NameAttribute::CommonName) {
            return Err(at.fault(format!("{attribute} is always required")));
        }
        rules.push(SubjectRule { attribute, field: field.code().to_owned(), required });
    }
    if rules.iter().any(|r| r.attribute == NameAttribute::CommonName) {
        Ok(rules)
    } else {
        Err(table.at("subject").fault("a subject needs a CN"))
    }
}

fn position(attribute: NameAttribute) -> usize {
    NameAttribute::ALL.iter().position(|a| *a == attribute).unwrap_or(usize::MAX)
}
