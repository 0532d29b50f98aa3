package io.twinloop.projections.personaldata;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.twinloop.domain.organization.NodeContent;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.PersonalFields;
import io.twinloop.domain.personaldata.PersonalToken;
import io.twinloop.domain.personaldata.Revealing;
import io.twinloop.domain.personaldata.SubjectKey;
import io.twinloop.serialization.Catalogue;
import io.twinloop.serialization.IntegrationEvent;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Seals what is personal where it comes in, and opens it where it goes out; in between there are
 * tokens only. What has nothing personal in it passes at once.
 */
public final class PersonalData {

  private static final Executor SAME_THREAD = Runnable::run;

  private final PersonalFields fields;
  private final SubjectKeys keys;

  public PersonalData(PersonalFields fields, SubjectKeys keys) {
    this.fields = fields;
    this.keys = keys;
  }

  /** Which fields are personal. */
  public PersonalFields fields() {
    return fields;
  }

  /** Something new was said of an erased person. */
  public static final class ErasedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ErasedException(String subject) {
      super(sentence(subject), null, false, false);
    }
  }

  /** Why nothing personal can be stored of somebody who was erased. */
  public static String sentence(String subject) {
    return "'%s' was erased, and nothing personal can be stored under this id again; take a new id."
        .formatted(subject);
  }

  // In

  /**
   * A node's content with what is personal sealed; the stage fails with {@link ErasedException}
   * when the node stands for an erased person.
   */
  public CompletionStage<NodeContent> seal(String id, NodeContent content) {
    return fields.concerns(content.type())
        ? map(key(id), key -> fields.sealed(content, key))
        : CompletableFuture.completedStage(content);
  }

  /** A merge patch of a node of this type; likewise. */
  public CompletionStage<ObjectNode> sealPatch(String id, NodeType type, ObjectNode mergePatch) {
    return fields.concerns(type) && fields.mayConcern(mergePatch)
        ? map(key(id), key -> fields.sealedPatch(type, mergePatch, key))
        : CompletableFuture.completedStage(mergePatch);
  }

  /** The keys to seal nodes with, all at once; an empty one for who is erased. */
  public CompletionStage<Map<String, Optional<SubjectKey>>> keysFor(Set<String> ids) {
    return ids.isEmpty() ? CompletableFuture.completedStage(Map.of()) : keys.forSealing(ids);
  }

  private CompletionStage<SubjectKey> key(String subject) {
    return map(
        keys.forSealing(Set.of(subject)),
        found -> found.get(subject).orElseThrow(() -> new ErasedException(subject)));
  }

  /**
   * JSON with what it says of persons sealed; of who is erased the words for that.
   *
   * @param about whom it speaks of where it names nobody, absent where that is not known
   */
  public <J extends JsonNode> CompletionStage<J> sealData(J json, @Nullable String about) {
    Set<String> subjects = fields.subjectsIn(json, about);
    if (subjects.isEmpty()) {
      return CompletableFuture.completedStage(json);
    }
    @SuppressWarnings("unchecked") // sealing an object gives an object
    Class<J> type = (Class<J>) json.getClass();
    return map(
        keys.forSealing(subjects),
        found ->
            type.cast(fields.sealedData(json, about, subject -> found.get(subject).orElse(null))));
  }

  /**
   * JSON about one person with what is personal sealed; the stage fails with {@link
   * ErasedException} when that one is erased and something personal is said of them.
   */
  public <J extends JsonNode> CompletionStage<J> sealOf(String subject, J json) {
    return fields.subjectsIn(json, subject).contains(subject)
        ? key(subject).thenComposeAsync(key -> sealData(json, subject), SAME_THREAD)
        : sealData(json, subject);
  }

  /**
   * Whether JSON says something personal of somebody that is not sealed.
   *
   * @param about whom it speaks of where it names nobody, absent where that is not known
   */
  public boolean isPersonal(JsonNode json, @Nullable String about) {
    return !fields.subjectsIn(json, about).isEmpty();
  }

  /** Whether an event says something personal that is not sealed. */
  public boolean isPersonal(IntegrationEvent event) {
    return isPersonal(event.data(), about(event));
  }

  /** An event with what it says of persons sealed. */
  public CompletionStage<IntegrationEvent> seal(IntegrationEvent event) {
    return isPersonal(event)
        ? map(sealData(event.data(), about(event)), event::withData)
        : CompletableFuture.completedStage(event);
  }

  /** Its subject, where the event says it is a person or the catalogue says so of its type. */
  private static @Nullable String about(IntegrationEvent event) {
    boolean ofPerson =
        isPerson(event.entityType())
            || Catalogue.find(event.type())
                .filter(entry -> isPerson(entry.entityType()))
                .isPresent();
    return ofPerson && PersonalFields.isName(event.subject()) ? event.subject() : null;
  }

  private static boolean isPerson(@Nullable String entityType) {
    return NodeType.PERSON.wireName().equals(entityType);
  }

  // Out

  /** Whether these bytes may hold anything sealed; costs one look at each. */
  public static boolean isMarked(byte[] json) {
    return PersonalToken.isMarked(json);
  }

  /**
   * JSON with the values of tokens in their places, of whom the reader may see; of others words
   * that say why there is none.
   */
  public CompletionStage<byte[]> reveal(byte[] json, Predicate<String> mayRead) {
    List<PersonalToken.Place> places = PersonalToken.in(json);
    return places.isEmpty()
        ? CompletableFuture.completedStage(json)
        : map(
            opened(places, mayRead),
            found -> Revealing.inJson(json, places, token -> value(token, mayRead, found)));
  }

  /** Texts with the values of tokens in their places, of whom the reader may see. */
  public CompletionStage<List<String>> revealAll(List<String> texts, Predicate<String> mayRead) {
    List<PersonalToken.Place> places =
        texts.stream()
            .filter(PersonalToken::isMarked)
            .flatMap(text -> PersonalToken.in(text.getBytes(StandardCharsets.UTF_8)).stream())
            .toList();
    if (places.isEmpty()) {
      return CompletableFuture.completedStage(texts);
    }
    return map(
        opened(places, mayRead),
        found ->
            texts.stream()
                .map(
                    text ->
                        PersonalToken.replaced(
                            text, token -> Revealing.textOf(value(token, mayRead, found))))
                .toList());
  }

  private CompletionStage<Map<String, Optional<SubjectKey>>> opened(
      List<PersonalToken.Place> places, Predicate<String> mayRead) {
    Set<String> subjects =
        places.stream()
            .map(place -> place.token().subject())
            .filter(mayRead)
            .collect(Collectors.toSet());
    return subjects.isEmpty()
        ? CompletableFuture.completedStage(Map.of())
        : keys.forOpening(subjects);
  }

  private static JsonNode value(
      PersonalToken token, Predicate<String> mayRead, Map<String, Optional<SubjectKey>> found) {
    if (!mayRead.test(token.subject())) {
      return TextNode.valueOf(PersonalFields.PERSONAL);
    }
    return found
        .getOrDefault(token.subject(), Optional.empty())
        .flatMap(key -> key.open(token))
        .orElseGet(() -> TextNode.valueOf(PersonalFields.ERASED));
  }

  /** Throws a subject's key away, see {@link SubjectKeys#erase}. */
  public CompletionStage<Optional<Instant>> erase(String subject, boolean known) {
    return keys.erase(subject, known);
  }

  private static <A, B> CompletionStage<B> map(CompletionStage<A> stage, Function<A, B> next) {
    return stage.thenApplyAsync(next, SAME_THREAD);
  }
}
