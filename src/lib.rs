//! nayose
