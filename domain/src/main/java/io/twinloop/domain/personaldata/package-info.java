/**
 * Personal data: values are encrypted with a key of the person they speak of, and travel through
 * the twin as tokens. Who erases a person throws the key away.
 */
package io.twinloop.domain.personaldata;
