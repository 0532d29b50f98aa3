package io.twinloop.http.door;

import io.twinloop.http.Stages;
import io.twinloop.http.door.OpenConnections.End;
import io.twinloop.http.socket.SocketConnection;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Function;
import org.apache.pekko.Done;
import org.apache.pekko.NotUsed;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.stream.Materializer;
import org.apache.pekko.stream.javadsl.BidiFlow;
import org.apache.pekko.stream.javadsl.Flow;

/**
 * Serves connections: so many for each address, one request after the other, and ends those on
 * which none arrives.
 */
public final class Connections {

  private final DoorSettings settings;
  private final Duration answerTime;
  private final Function<HttpRequest, CompletionStage<HttpResponse>> handler;
  private final Materializer materializer;
  private final OpenConnections served = new OpenConnections();
  private final ConcurrentMap<String, Integer> open = new ConcurrentHashMap<>();

  /**
   * @param answerTime how long an answer may take, unless its {@link AnswerTime} is set
   */
  public Connections(
      DoorSettings settings,
      Duration answerTime,
      Function<HttpRequest, CompletionStage<HttpResponse>> handler,
      Materializer materializer) {
    this.settings = settings;
    this.answerTime = answerTime;
    this.handler = handler;
    this.materializer = materializer;
  }

  /**
   * Serves a connection, unless its address has as many open as it may have.
   *
   * @param requests of the connection, and what they are answered with
   * @return whether it is served
   */
  public boolean serve(SocketConnection socket, Flow<HttpResponse, HttpRequest, NotUsed> requests) {
    String counted = PeerAddress.countedAs(socket.peer().getAddress());
    if (!enter(counted)) {
      return false;
    }
    var unused =
        Stages.map(
            socket.closed(),
            closed -> {
              leave(counted);
              return closed;
            });
    requests.join(answers()).run(materializer);
    return true;
  }

  /**
   * Ends each connection when its present answer is out, or the one to a request that is just
   * coming; completes when the last has ended.
   */
  public CompletionStage<Done> stop() {
    return served.end(End.AFTER_ITS_ANSWER);
  }

  /** Ends each connection now; completes when the last has ended. */
  public CompletionStage<Done> cut() {
    return served.end(End.NOW);
  }

  private Flow<HttpRequest, HttpResponse, NotUsed> answers() {
    return BidiFlow.fromGraph(
            new RequestPatience(
                settings.firstRequest(),
                settings.nextRequest(),
                settings.lastRequest(),
                answerTime,
                served))
        .join(Flow.of(HttpRequest.class).mapAsync(1, handler::apply));
  }

  private boolean enter(String address) {
    if (open.merge(address, 1, Integer::sum) <= settings.connectionsPerAddress()) {
      return true;
    }
    leave(address);
    return false;
  }

  private void leave(String address) {
    open.computeIfPresent(address, (key, count) -> count == 1 ? null : count - 1);
  }
}
