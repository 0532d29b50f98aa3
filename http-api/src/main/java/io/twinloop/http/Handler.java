package io.twinloop.http;

import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/**
 * Answers one kind of request.
 *
 * <p>Input is read through the {@link Call}, which refuses what is bad; a refusal of the domain is
 * answered with {@link Answers#problem}. An exception thrown, or failing the stage, becomes a
 * problem too, see {@link Router}.
 */
@FunctionalInterface
public interface Handler {
  CompletionStage<HttpResponse> handle(Call call);
}
