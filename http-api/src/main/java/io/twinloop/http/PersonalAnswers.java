package io.twinloop.http;

import io.twinloop.domain.organization.PersonalFields;
import io.twinloop.projections.personaldata.InMemorySubjectKeys;
import io.twinloop.projections.personaldata.PersonalData;
import java.time.InstantSource;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.ContentType;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpEntity;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.MediaType;
import org.apache.pekko.stream.javadsl.Flow;
import org.apache.pekko.util.ByteString;

/**
 * Opens what is personal in answers, for callers who may see it: the last step before an answer
 * goes out, so that nothing in here, not even the answers kept for repeats, holds it in clear.
 *
 * <p>Of a stream each element is opened by itself: those who make one put whole events, or whole
 * lines, into an element.
 */
public final class PersonalAnswers {

  private static final Set<String> OTHER_JSON = Set.of("text/event-stream", "application/x-ndjson");

  /** Answers are as they are: nothing is sealed. */
  static final PersonalAnswers NONE =
      new PersonalAnswers(
          new PersonalData(PersonalFields.NONE, new InMemorySubjectKeys(InstantSource.system())),
          PersonalReaders.ALL);

  private final PersonalData personalData;
  private final PersonalReaders readers;

  public PersonalAnswers(PersonalData personalData, PersonalReaders readers) {
    this.personalData = personalData;
    this.readers = readers;
  }

  /** The answer as the caller may see it. */
  CompletionStage<HttpResponse> open(HttpResponse answer, Caller caller) {
    if (!isJson(answer.entity().getContentType())) {
      return CompletableFuture.completedStage(answer);
    }
    // Refusals quote what was sent, which nobody is to have opened for them.
    if (answer.status().isFailure()) {
      return CompletableFuture.completedStage(answer);
    }
    return answer.entity() instanceof HttpEntity.Strict strict
        ? openWhole(answer, strict, caller)
        : CompletableFuture.completedStage(openStream(answer, caller));
  }

  private static boolean isJson(ContentType type) {
    MediaType media = type.mediaType();
    String name = media.mainType() + "/" + media.subType();
    return name.equals("application/json")
        || media.subType().endsWith("+json")
        || OTHER_JSON.contains(name);
  }

  private CompletionStage<HttpResponse> openWhole(
      HttpResponse answer, HttpEntity.Strict strict, Caller caller) {
    byte[] sealed = strict.getData().toArrayUnsafe();
    if (!PersonalData.isMarked(sealed)) {
      return CompletableFuture.completedStage(answer);
    }
    return Stages.map(
        open(sealed, caller),
        opened -> answer.withEntity(HttpEntities.create(strict.getContentType(), opened)));
  }

  private CompletionStage<byte[]> open(byte[] sealed, Caller caller) {
    return Stages.flatMap(readers.of(caller), mayRead -> personalData.reveal(sealed, mayRead));
  }

  private HttpResponse openStream(HttpResponse answer, Caller caller) {
    return answer.transformEntityDataBytes(
        Flow.of(ByteString.class)
            .mapAsync(
                1,
                bytes -> {
                  byte[] sealed = bytes.toArrayUnsafe();
                  return PersonalData.isMarked(sealed)
                      ? Stages.map(open(sealed, caller), ByteString::fromArray)
                      : CompletableFuture.completedStage(bytes);
                }));
  }
}
