//! From what is typed to the core's own types.
//!
//! The core has types without a schema; the mirror of the files has types with one. Each pair is held together here, by a match
//! that the compiler keeps complete.

use nayose_japanese::identifier::CheckDigit;
use nayose_matching::model::Label;
use nayose_matching::record::attribute::AttributeType;
use nayose_matching::record::survive::{FieldSurvivorship, Survivorship, SurvivorshipRule};
use nayose_matching::similarity::DateRelation;

use super::file::{
    self, AttributeTypeFile, CheckDigitFile, FieldSurvivorshipFile, SurvivorshipFile, SurvivorshipRuleFile,
};
use super::model_file::DateRelationFile;

impl From<AttributeTypeFile> for AttributeType {
    fn from(typed: AttributeTypeFile) -> Self {
        match typed {
            AttributeTypeFile::Identifier => AttributeType::Identifier,
            AttributeTypeFile::Text => AttributeType::Text,
            AttributeTypeFile::Date => AttributeType::Date,
        }
    }
}

impl From<CheckDigitFile> for CheckDigit {
    fn from(typed: CheckDigitFile) -> Self {
        match typed {
            CheckDigitFile::None => CheckDigit::None,
            CheckDigitFile::Luhn => CheckDigit::Luhn,
            CheckDigitFile::Jan => CheckDigit::Jan,
        }
    }
}

impl From<SurvivorshipRuleFile> for SurvivorshipRule {
    fn from(typed: SurvivorshipRuleFile) -> Self {
        match typed {
            SurvivorshipRuleFile::MostRecent => SurvivorshipRule::MostRecent,
            SurvivorshipRuleFile::MostFrequent => SurvivorshipRule::MostFrequent,
            SurvivorshipRuleFile::SourcePriority => SurvivorshipRule::SourcePriority,
            SurvivorshipRuleFile::Longest => SurvivorshipRule::Longest,
        }
    }
}

impl From<FieldSurvivorshipFile> for FieldSurvivorship {
    fn from(typed: FieldSurvivorshipFile) -> Self {
        FieldSurvivorship { rule: typed.rule.into(), priority: typed.priority }
    }
}

impl From<SurvivorshipFile> for Survivorship {
    fn from(typed: SurvivorshipFile) -> Self {
        Survivorship {
            name: typed.name.into(),
            kana: typed.kana.into(),
            birth_date: typed.birth_date.into(),
            sex: typed.sex.into(),
            address: typed.address.into(),
        }
    }
}

impl From<DateRelationFile> for DateRelation {
    fn from(typed: DateRelationFile) -> Self {
        match typed {
            DateRelationFile::DayMonthSwapped => DateRelation::DayMonthSwapped,
            DateRelationFile::Compatible => DateRelation::Compatible,
            DateRelationFile::DigitsExchanged => DateRelation::DigitsExchanged,
            DateRelationFile::OneDigit => DateRelation::OneDigit,
            DateRelationFile::EraSlip => DateRelation::EraSlip,
            DateRelationFile::SameMonthDay => DateRelation::SameMonthDay,
            DateRelationFile::SameYearMonth => DateRelation::SameYearMonth,
            DateRelationFile::SameYear => DateRelation::SameYear,
        }
    }
}

impl From<&file::Label> for Label {
    fn from(typed: &file::Label) -> Self {
        Label { ja: typed.ja.clone(), en: typed.en.clone() }
    }
}
