package io.twinloop.projections.personaldata;

import io.twinloop.domain.personaldata.SubjectKey;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/** The keys of those of whom something personal is stored: one each, made when first needed. */
public interface SubjectKeys {

  /**
   * The keys of these subjects, made for whom there was none.
   *
   * @return one entry for each; an empty one for who is erased
   */
  CompletionStage<Map<String, Optional<SubjectKey>>> forSealing(Set<String> subjects);

  /**
   * The keys of these subjects.
   *
   * @return an entry for whom there is a key or was one; an empty one for who is erased
   */
  CompletionStage<Map<String, Optional<SubjectKey>>> forOpening(Set<String> subjects);

  /**
   * Throws a subject's key away for good.
   *
   * @param known whether there is such a subject, also where nothing of it was sealed yet
   * @return when it was erased, the first time; empty where nobody knows it
   */
  CompletionStage<Optional<Instant>> erase(String subject, boolean known);
}
