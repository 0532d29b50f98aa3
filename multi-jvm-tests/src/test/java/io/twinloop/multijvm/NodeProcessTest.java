package io.twinloop.multijvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The harness's node: started, killed, paused, started again, and gone at the end. */
class NodeProcessTest {
  @TempDir Path folder;

  @Test
  void shouldStartAgainOnTheSamePortAfterAKill() {
    try (NodeProcess node = tinyNode("a").start()) {
      long first = node.pid();
      node.kill9();
      assertThat(node.isAlive()).isFalse();
      assertThat(node.isReady()).isFalse();

      node.start();

      assertThat(node.pid()).isNotEqualTo(first);
      assertThat(node.isReady()).isTrue();
      assertThat(node.output()).doesNotContain("left in order");
    }
  }

  @Test
  void shouldLeaveInOrderWhenAskedTo() {
    try (NodeProcess node = tinyNode("a").start()) {
      assertThat(node.stopGracefully()).isEqualTo(143);
      assertThat(node.output()).contains("left in order");
    }
  }

  @Test
  void shouldNotAnswerWhilePaused() {
    try (NodeProcess node = tinyNode("a").start()) {
      node.pause();
      assertThat(node.status("/health/ready")).isEmpty();
      node.resume();
      node.awaitReady(Duration.ofSeconds(10));
    }
  }

  @Test
  void shouldShowTheOutputOfANodeThatFailed() {
    try (NodeProcess node = tinyNode("a").with("TINY_NODE_FAILS", "yes")) {
      assertThatThrownBy(node::start)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("ended with code 7 before it was ready")
          .hasMessageContaining("this node was told to fail");
    }
  }

  @Test
  void shouldBeGoneWhenClosed() {
    NodeProcess node = tinyNode("a").start();
    long pid = node.pid();
    node.pause();
    node.close();
    assertThat(ProcessHandle.of(pid).filter(ProcessHandle::isAlive)).isEmpty();
  }

  private NodeProcess tinyNode(String name) {
    return NodeProcess.named(name, folder).running(TinyNode.class);
  }
}
