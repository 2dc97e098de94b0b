//! "Did you mean" for the fixed words of the language: most mistakes in an expression are a misspelt subject or operator.

/// The candidate nearest to `word`, if it is near enough to be what the writer meant.
///
/// Case counts for nothing here, since the wrong case is itself the commonest mistake (CQL-006).
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
