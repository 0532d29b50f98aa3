package io.twinloop.domain.workflow;

/**
 * One thing wrong with a document, and where.
 *
 * @param pointer JSON pointer into the document, empty for the whole of it
 * @param detail a sentence that quotes the bad value and says what is expected
 */
public record Problem(String pointer, String detail) {}
