package io.twinloop.serialization;

/**
 * Marks what is journaled, kept in snapshots or sent between nodes: Jackson writes it as CBOR, with
 * its class name as manifest.
 */
public interface CborSerializable {}
