package http2_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// An attackRow is an attack, what becomes of it, what that is bounded by, and
// what shows it.
type attackRow struct {
	attack, outcome string
	budgets         []string // constants, by package
	tests           []string
}

var attackTable = []attackRow{
	{
		"Rapid Reset (CVE-2023-44487)",
		"GOAWAY(ENHANCE_YOUR_CALM); handlers never outnumber the streams that may be open, and of what is reset none is started",
		[]string{"session.maxEarlyResets", "session.earlyResetsPerSecond", "http2.defaultMaxStreams"},
		[]string{"TestServerEndsAFloodOfResets", "TestRapidResetRunsOutOfBudget", "TestServerDoesNotStartHandlersOfStreamsThatWereReset",
			"TestServerLetsAClientCancelHalfOfItsRequests", "TestFloodOfResetsEndsAnUpgradedConnection"},
	},
	{
		"MadeYouReset (CVE-2025-8671), in ten forms; refused and malformed requests",
		"the same: resets that the client provokes are its own",
		[]string{"session.maxEarlyResets"},
		[]string{"TestServerEndsAClientThatMakesItReset", "TestResetsThatThePeerProvokesRunOutOfBudget",
			"TestServerEndsAClientThatKeepsOpeningStreamsBeyondTheLimit", "TestServerEndsAClientWhoseRequestsAreAllMalformed"},
	},
	{
		"CONTINUATION flood (CVE-2023-45288), in requests, responses and trailers, by the byte too",
		"431, or a stream error, while it is merely large; then GOAWAY(ENHANCE_YOUR_CALM)",
		[]string{"conn.maxSectionSlack", "conn.minContinuation", "conn.unannouncedList"},
		[]string{"TestServerEndsAConnectionThatContinuesAFieldSectionForEver", "TestServerEndsAConnectionThatContinuesTrailersForEver",
			"TestServerResetsAStreamWhoseTrailersAreTooLarge", "TestTransportEndsAConnectionThatContinuesAFieldSectionForEver",
			"TestFieldSectionWithoutAnAnnouncedLimitIsBounded"},
	},
	{
		"HTTP/2 bomb (CVE-2026-49975): references that expand a thousandfold, pinned by a window of 0",
		"431: fields count at full size, 32 octets each included, and may come to 64 times what was sent; nothing of them is kept",
		[]string{"conn.maxExpansion", "conn.freeExpansion", "conn.fieldOverhead"},
		[]string{"TestServerCountsFieldsAtTheirFullSize", "TestServerCountsFieldsThatAreNextToNothing", "TestServerRefusesFieldsThatExpandBeyondReason",
			"TestServerTakesFieldsThatAreAllReferences", "TestServerHoldsLittleUnderAttackAndNothingAfterwards", "TestTransportCountsFieldsAtTheirFullSize"},
	},
	{
		"quadratic HPACK decoding (CVE-2022-41723)",
		"decoding is linear, however finely the input is cut",
		[]string{"hpack.maxKeptScratch", "hpack.maxIntegerOctets"},
		[]string{"TestBufferedStringIsNotLookedAtAgainBeforeItIsComplete", "TestBufferIsCopiedLogarithmicallyOften", "TestTooLongStringIsNotBuffered"},
	},
	{
		"PING and SETTINGS floods (CVE-2019-9512, CVE-2019-9515)",
		"reading pauses while answers wait; GOAWAY(ENHANCE_YOUR_CALM)",
		[]string{"session.maxPingAcks", "session.maxSettingsAcks", "session.maxIdleFrames", "session.idleFramesPerSecond"},
		[]string{"TestServerStopsReadingAClientThatPingsAndNeverReads", "TestServerStopsReadingAClientThatSendsSettingsAndNeverReads",
			"TestServerGoesOnWhenAFloodIsReadAtLast", "TestFloodsThatWantRepliesCongest", "TestTransportStopsReadingAServerThatPingsAndNeverReads"},
	},
	{
		"reset flood (CVE-2019-9514)",
		"reading pauses while RST_STREAM frames wait",
		[]string{"session.maxPendingResets"},
		[]string{"TestServerStopsReadingAClientThatProvokesResetsAndNeverReads", "TestServerStopsReadingAClientWhoseHandlersAbortAndThatNeverReads"},
	},
	{
		"frames that move nothing (CVE-2019-9513, 9516, 9518): PRIORITY, empty DATA, GOAWAY, unknown types",
		"GOAWAY(ENHANCE_YOUR_CALM); priorities take constant time and bounded memory",
		[]string{"session.maxIdleFrames", "session.idleFramesPerSecond", "sched.maxNested", "sched.maxEarlyUpdates"},
		[]string{"TestServerIgnoresFramesThatMoveNothingOnlyUpToABudget", "TestTransportIgnoresFramesThatMoveNothingOnlyUpToABudget",
			"TestFramesThatMoveNothingRunOutOfBudget", "TestPriorityChurnHoldsNoMemory", "TestStreamsThatCompleteEarnIdleFrames"},
	},
	{
		"frames that come late: PING acknowledgements, WINDOW_UPDATE, RST_STREAM, HEADERS on closed streams",
		"the same, beyond what our own frames give reason to",
		[]string{"session.echoesPerData", "session.dataPerEcho", "session.echoesPerReset", "session.echoesPerEnd"},
		[]string{"TestServerIgnoresFramesThatMoveNothingOnlyUpToABudget", "TestEchoesOfNothingRunOutOfBudget", "TestEchoesOfOurFramesCostNothing",
			"TestServerDoesNotMindWindowUpdatesForWhatItSends"},
	},
	{
		"dribble, stalled reader (CVE-2019-9511, CVE-2019-9517)",
		"a share of 4 MiB waits for each stream; WriteByteTimeout, WriteTimeout and IdleTimeout end what does not move",
		[]string{"http2.maxStreamOutput", "http2.maxConnOutput"},
		[]string{"TestServerBoundsWhatItHoldsForAClientThatReadsNothing", "TestServerEndsAConnectionThatTakesNoneOfManyResponses",
			"TestServerClosesAConnectionWhoseWriteMovesNothing", "TestServerLetsGoOfResponsesThatAWindowPins",
			"TestServerPutsTogetherWhatAWindowAllowsByTheByte", "TestServerEndsAnIdleConnectionWhoseFloodIsNotRead"},
	},
	{
		"half a greeting, half a frame, half a field section",
		"closed after ten seconds, IdleTimeout, ReadHeaderTimeout or ten seconds",
		[]string{"conn.prefaceTimeout", "http2.firstSettingsTimeout", "conn.sectionTimeout"},
		[]string{"TestServerEndsAConnectionWithoutAPreface", "TestServerEndsAConnectionWithoutSettings", "TestServerEndsAnIdleConnectionInTheMiddleOfAFrame",
			"TestServerIsNotKeptBusyByAFrameThatDribbles", "TestServerEndsAConnectionWhoseFieldSectionDoesNotEnd",
			"TestTransportEndsAConnectionWhoseFieldSectionDoesNotEnd", "TestTransportGivesUpAServerInTheMiddleOfAFrame"},
	},
	{
		"frames that are announced and not sent",
		"the buffer follows what has come",
		[]string{"conn.readGrowth"},
		[]string{"TestTheLengthOfAFrameAloneTakesNoBuffer", "TestServerHoldsLittleUnderAttackAndNothingAfterwards"},
	},
	{
		"large requests, then nothing",
		"an idle connection keeps nothing of them",
		[]string{"conn.maxKeptFields", "conn.idleReadSize"},
		[]string{"TestServerHoldsLittleUnderAttackAndNothingAfterwards"},
	},
	{
		"requests that are as large as they may be, and whose handlers do not return",
		"eight times MaxHeaderBytes for each stream that may be open, at most",
		[]string{"message.maxHeaderHint", "message.valuesRoom", "conn.maxPooledFields", "conn.maxPooledFrame"},
		[]string{"TestRequestsOfOneConnectionTakeAStatedMultipleOfTheLimits", "TestRequestsTakeNoMoreMemoryThanUpstreams"},
	},
	{
		"bodies that nobody reads",
		"64 KiB a stream, 16 MiB a connection, and 1 GiB for all connections beside 1 MiB for each",
		[]string{"http2.firstStreamWindow", "http2.firstResponseWindow", "http2.maxStreamWindow", "http2.maxConnWindow", "http2.maxConnUnread", "http2.processWindows"},
		[]string{"TestBodiesThatNobodyReadStayWithinTheBudget", "TestABudgetThatIsUsedUpLeavesFixedWindows", "TestServerHoldsNoMoreThanTheWindowOfBodiesThatNobodyReads", "TestFloodOfDataBeyondTheWindowEndsTheConnection"},
	},
	{
		"INITIAL_WINDOW_SIZE churn",
		"one number changes, however many streams there are",
		[]string{"session.maxSettings"},
		[]string{"TestServerChangesEveryWindowInConstantTime", "TestInitialWindowSizeTouchesNoStream"},
	},
	{
		"windows refunded twice after a reset",
		"each byte is given back once, by whoever has it",
		nil,
		[]string{"TestUnreadBytesOfAClosedStreamAreOwed", "TestDataOfARefusedFrameGoesBackToTheConnection",
			"TestServerGivesBackTheWindowOfRequestsThatAreNeverHandled", "FuzzSession"},
	},
	{
		"Trailer header amplification",
		"256 keys; none that could not be a trailer",
		[]string{"message.maxTrailerKeys"},
		[]string{"TestServerBoundsTheTrailersThatARequestDeclares", "TestDeclaredTrailersAreBounded", "TestTheTrailersThatAResponseDeclaresAreBounded"},
	},
	{
		"HEADER_TABLE_SIZE that changes while responses leave",
		"the writer owns the table, and changes it between field sections",
		[]string{"wire.DefaultHeaderTableSize"},
		[]string{"TestServerEncodesInStepWithATableThatChangesAllTheTime", "TestTableSizeGoesToTheEncoderWithItsMinimum", "TestServerEncodesWithinTheTableItIsAllowed"},
	},
	{
		"dynamic tables beyond what was announced",
		"COMPRESSION_ERROR; a table holds what it may, whatever enters it",
		[]string{"wire.DefaultHeaderTableSize"},
		[]string{"TestDynamicTableSizeUpdateIsRejectedAboveTheAllowedMaximum", "TestTableIsBoundedWhateverEntersIt", "TestServerDecodesWithTheTableItAnnounced"},
	},
	{
		"MAX_FRAME_SIZE 0 (CVE-2026-33814)",
		"PROTOCOL_ERROR before it takes effect",
		[]string{"wire.DefaultMaxFrameSize"},
		[]string{"TestTransportRefusesAFrameSizeOfNothing", "TestSettingsAreHeldToTheirRanges"},
	},
	{
		"frame types 0x0a to 0x0f (CVE-2026-27141)",
		"ignored, like any type that nobody knows, up to a budget",
		[]string{"session.maxIdleFrames"},
		[]string{"TestServerIgnoresFramesOfTypesThatNobodyKnows", "TestUnknownFramesAreIgnored"},
	},
	{
		"field names that are made up (CVE-2021-44716, CVE-2022-41717)",
		"their spelling is remembered for 2 KiB of them",
		[]string{"message.maxCanonicalCache"},
		[]string{"TestInventedNamesDoNotAccumulate", "TestNamesThatAServerInventsAreNotAllKept", "TestServerHoldsLittleUnderAttackAndNothingAfterwards"},
	},
	{
		"a peer that goes silent at the end (CVE-2022-27664), or goes on",
		"every end is timed; after GOAWAY nothing is looked at, and little is read",
		[]string{"conn.goAwayLinger", "conn.teardownTimeout", "conn.closeTimeout", "conn.maxDiscarded", "http2.maxLoggedDebug", "wire.maxReason"},
		[]string{"TestServerEndsTheConnectionASecondAfterAnError", "TestServerClosesABrokenConnectionWhoseClientReadsNothing",
			"TestServerShutdownEndsAConnectionThatReadsNothing", "TestServerIsNotKeptByFramesAfterItsGoAway",
			"TestServerDoesNotReadForEverWhatComesAfterItsGoAway", "TestServerLeavesNothingRunningForAClientThatIsGone",
			"TestCloseOfAConnectionWithPendingOutputReturns", "TestCloseDoesNotWaitForTLSToSayGoodbye", "TestServerLogsOneGoAwayOfManyAndNotAllOfIt", "TestServerDoesNotRepeatAllOfWhatIsWrong"},
	},
	{
		"1xx responses without end, from a server",
		"the stream is reset once they come to MaxHeaderListSize",
		[]string{"conn.fieldOverhead"},
		[]string{"TestTransportResetsAStreamWhoseInformationalResponsesDoNotEnd", "TestEndlessInformationalResponsesAreStopped"},
	},
	{
		"h2c upgrades with bodies that are unread, limited, or do not come (CVE-2022-41721)",
		"the whole body within a limit, or HTTP/1.1; its rest is never read as frames",
		[]string{"h2c.maxUpgradeBody", "h2c.handshakeTimeout", "h2c.maxUpgradeSettings"},
		[]string{"TestRestOfALimitedBodyIsNeverReadAsFrames", "TestBodyTooLargeToKeepIsServedOverHTTP1", "TestBodyOfAnUpgradeThatDoesNotComeIsNotWaitedForInVain",
			"TestClientThatDoesNotGreetAfterTheUpgradeIsDisconnected", "TestUpgradeWithHundredsOfSettingsIsRefused", "FuzzUpgrade"},
	},
	{
		"request smuggling: CR, LF, NUL, upper case, pseudo-fields, connection-specific fields, content-length",
		"malformed: a stream error, after 400 where upstream sends one",
		nil,
		[]string{"TestMalformedRequestsAreStreamErrors", "TestConnectionSpecificFieldsAreRefusedInOrder", "TestEveryOctetIsJudgedAsInRFC9110",
			"TestDataIsHeldAgainstContentLength", "TestServerEndsAClientWhoseRequestsAreAllMalformed"},
	},
	{
		"all of them, beside golang.org/x/net's server",
		"what both held and answered",
		nil,
		[]string{"TestOursHoldsLittleWhateverIsSent", "TestServerHoldsLittleUnderAttackAndNothingAfterwards"},
	},
}

// TestEveryAttackHasItsBudgetsAndTests wants the table to name what there is.
func TestEveryAttackHasItsBudgetsAndTests(t *testing.T) {
	constants, tests := declarations(t, "..")
	for _, row := range attackTable {
		for _, name := range row.budgets {
			if !constants[name] {
				t.Errorf("%s: there is no constant %s", row.attack, name)
			}
		}
		for _, name := range row.tests {
			if !tests[name] {
				t.Errorf("%s: there is no test %s", row.attack, name)
			}
		}
		if row.outcome == "" || len(row.tests) == 0 {
			t.Errorf("%s: nothing shows what becomes of it", row.attack)
		}
	}
}

// declarations are the constants, by package, and the tests and fuzz targets of
// both modules under root.
func declarations(t *testing.T, root string) (constants, tests map[string]bool) {
	constants, tests = make(map[string]bool), make(map[string]bool)
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata" || d.Name() == "third_party"):
			return fs.SkipDir
		case !strings.HasSuffix(path, ".go"):
			return nil
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.GenDecl:
				if decl.Tok == token.CONST {
					addConstants(constants, file.Name.Name, decl)
				}
			case *ast.FuncDecl:
				if name := decl.Name.Name; strings.HasSuffix(path, "_test.go") && (strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Fuzz")) {
					tests[name] = true
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return constants, tests
}

func addConstants(constants map[string]bool, pkg string, decl *ast.GenDecl) {
	for _, spec := range decl.Specs {
		for _, name := range spec.(*ast.ValueSpec).Names {
			constants[pkg+"."+name.Name] = true
		}
	}
}
