package io.twinloop.multijvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A way between two programs that is cut, slowed, broken and healed. */
class LoopbackProxyTest {

  /** Long enough for a byte on this machine, if it were to come. */
  private static final int A_WHILE_MILLIS = 2_000;

  private static final int PATIENCE_MILLIS = 20_000;
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

  private ServerSocket echo;
  private LoopbackProxy proxy;

  @BeforeEach
  void start() throws IOException {
    echo = new ServerSocket(0, 50, LOOPBACK);
    Thread server = new Thread(this::serve, "echo");
    server.setDaemon(true);
    server.start();
    proxy = LoopbackProxy.to("test", echo.getLocalPort());
  }

  @AfterEach
  void stop() throws IOException {
    proxy.close();
    echo.close();
  }

  @Test
  void shouldHandBytesOnInBothDirections() throws IOException {
    try (Socket caller = call(null)) {
      assertThat(answerTo(caller, 7)).isEqualTo(7);
    }
  }

  @Test
  void shouldKeepWhatWasSentDuringACutAndDeliverItAfterwards() throws IOException {
    try (Socket caller = call(null)) {
      assertThat(answerTo(caller, 1)).isEqualTo(1);
      proxy.cut();
      assertThatThrownBy(() -> answerTo(caller, 2)).isInstanceOf(SocketTimeoutException.class);

      proxy.heal();

      caller.setSoTimeout(PATIENCE_MILLIS);
      assertThat(caller.getInputStream().read()).isEqualTo(2);
    }
  }

  @Test
  void shouldNotTellOfAnEndBehindACut() throws IOException {
    try (Socket caller = call(null)) {
      assertThat(answerTo(caller, 1)).isEqualTo(1);
      proxy.cut();
      assertThatThrownBy(() -> answerTo(caller, 0)).isInstanceOf(SocketTimeoutException.class);

      proxy.heal();

      caller.setSoTimeout(PATIENCE_MILLIS);
      assertThat(caller.getInputStream().read()).as("the end that 0 asks for").isEqualTo(-1);
    }
  }

  @Test
  void shouldCutOffOneCallerAlone() throws IOException {
    assumeThat(ClusterProcess.hasLoopbackAddresses()).isTrue();
    try (Socket lonely = call("127.0.1.1");
        Socket other = call("127.0.1.2")) {
      proxy.cut("127.0.1.1");

      assertThat(answerTo(other, 3)).isEqualTo(3);
      assertThatThrownBy(() -> answerTo(lonely, 3)).isInstanceOf(SocketTimeoutException.class);
    }
  }

  @Test
  void shouldBreakConnectionsAndTakeNewOnes() throws IOException {
    try (Socket caller = call(null)) {
      assertThat(answerTo(caller, 1)).isEqualTo(1);

      proxy.dropConnections();

      assertThat(isOver(caller)).isTrue();
    }
    try (Socket again = call(null)) {
      assertThat(answerTo(again, 5)).isEqualTo(5);
    }
  }

  @Test
  void shouldCloseConnectionsToNobody() throws IOException {
    echo.close();
    try (Socket caller = call(null)) {
      assertThat(isOver(caller)).isTrue();
    }
  }

  private Socket call(String from) throws IOException {
    Socket socket = new Socket();
    if (from != null) {
      socket.bind(new InetSocketAddress(from, 0));
    }
    socket.connect(new InetSocketAddress(LOOPBACK, proxy.port()), PATIENCE_MILLIS);
    return socket;
  }

  private static int answerTo(Socket caller, int question) throws IOException {
    // The first answer may take long on a busy machine; none comes through a cut however long.
    caller.setSoTimeout(question == 1 ? PATIENCE_MILLIS : A_WHILE_MILLIS);
    caller.getOutputStream().write(question);
    return caller.getInputStream().read();
  }

  private static boolean isOver(Socket caller) {
    try {
      caller.setSoTimeout(PATIENCE_MILLIS);
      return caller.getInputStream().read() < 0;
    } catch (SocketTimeoutException e) {
      return false;
    } catch (IOException reset) {
      return true;
    }
  }

  /** Sends back each byte; a 0 ends the connection. */
  private void serve() {
    while (!echo.isClosed()) {
      try {
        Socket caller = echo.accept();
        Thread thread = new Thread(() -> answer(caller), "echo-one");
        thread.setDaemon(true);
        thread.start();
      } catch (IOException closed) {
        return;
      }
    }
  }

  private static void answer(Socket caller) {
    try (caller) {
      for (int read = caller.getInputStream().read(); read > 0; ) {
        caller.getOutputStream().write(read);
        read = caller.getInputStream().read();
      }
    } catch (IOException ended) {
      // The caller has gone.
    }
  }
}
