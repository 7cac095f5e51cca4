// Package conformance has no code. Its data files list every MUST, MUST NOT,
// SHALL and REQUIRED of RFC 9113 and RFC 7541, with the tests that hold this
// module to it, or the reason why there is none; and its test holds the lists to
// the RFCs and to the tests.
//
// An entry begins with the section, the ordinal of the key word in that section,
// who is bound, and what it says, in our words. Under it are, indented,
//
//   - tests: a package, a dot and the name of a test or fuzz target. What follows
//     a colon is the name of a case in its table,
//   - "not ours: " and what else it binds,
//   - "cannot arise: " and why there is nothing to test,
//   - "deviates: " and why we do something else.
//
// A key word that is in capitals and is a requirement counts each time that it
// occurs, several times in some sentences; those that merely explain the key words
// (RFC 9113 §2.2, RFC 7541 §1.2) do not. Who is bound is one of the words in the
// test's table; "all" are both endpoints.
package conformance
