package http2_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// attackTests are the tests that run the attack of each row of .github/SECURITY.md.
var attackTests = map[string][]string{
	"Rapid Reset (CVE-2023-44487)": {
		"TestServerEndsAFloodOfResets", "TestRapidResetRunsOutOfBudget", "TestServerDoesNotStartHandlersOfStreamsThatWereReset",
		"TestServerLetsAClientCancelHalfOfItsRequests", "TestFloodOfResetsEndsAnUpgradedConnection",
	},
	"MadeYouReset (CVE-2025-8671), in ten forms; refused and malformed requests": {
		"TestServerEndsAClientThatMakesItReset", "TestResetsThatThePeerProvokesRunOutOfBudget",
		"TestServerEndsAClientThatKeepsOpeningStreamsBeyondTheLimit", "TestServerEndsAClientWhoseRequestsAreAllMalformed",
	},
	"CONTINUATION flood (CVE-2023-45288), in requests, responses and trailers, by the byte too": {
		"TestServerEndsAConnectionThatContinuesAFieldSectionForEver", "TestServerEndsAConnectionThatContinuesTrailersForEver",
		"TestServerResetsAStreamWhoseTrailersAreTooLarge", "TestTransportEndsAConnectionThatContinuesAFieldSectionForEver",
		"TestFieldSectionWithoutAnAnnouncedLimitIsBounded",
	},
	"HTTP/2 bomb (CVE-2026-49975): references that expand a thousandfold, pinned by a window of 0": {
		"TestServerCountsFieldsAtTheirFullSize", "TestServerCountsFieldsThatAreNextToNothing", "TestServerRefusesFieldsThatExpandBeyondReason",
		"TestServerTakesFieldsThatAreAllReferences", "TestServerHoldsLittleUnderAttackAndNothingAfterwards", "TestTransportCountsFieldsAtTheirFullSize",
	},
	"quadratic HPACK decoding (CVE-2022-41723)": {
		"TestBufferedStringIsNotLookedAtAgainBeforeItIsComplete", "TestBufferIsCopiedLogarithmicallyOften", "TestTooLongStringIsNotBuffered",
	},
	"PING and SETTINGS floods (CVE-2019-9512, CVE-2019-9515)": {
		"TestServerStopsReadingAClientThatPingsAndNeverReads", "TestServerStopsReadingAClientThatSendsSettingsAndNeverReads",
		"TestServerGoesOnWhenAFloodIsReadAtLast", "TestFloodsThatWantRepliesCongest", "TestTransportStopsReadingAServerThatPingsAndNeverReads",
	},
	"reset flood (CVE-2019-9514)": {
		"TestServerStopsReadingAClientThatProvokesResetsAndNeverReads", "TestServerStopsReadingAClientWhoseHandlersAbortAndThatNeverReads",
	},
	"streams that end with output left, and a client that reads nothing": {
		"TestReadingStopsWhileTooMuchRemainsOfStreams",
	},
	"frames that move nothing (CVE-2019-9513, 9516, 9518): PRIORITY, empty DATA, GOAWAY, unknown types": {
		"TestServerIgnoresFramesThatMoveNothingOnlyUpToABudget", "TestTransportIgnoresFramesThatMoveNothingOnlyUpToABudget",
		"TestFramesThatMoveNothingRunOutOfBudget", "TestPriorityChurnHoldsNoMemory", "TestStreamsThatCompleteEarnUselessFrames",
	},
	"frames that come late: PING acknowledgements, WINDOW_UPDATE, RST_STREAM, HEADERS on closed streams": {
		"TestServerIgnoresFramesThatMoveNothingOnlyUpToABudget", "TestEchoesOfNothingRunOutOfBudget", "TestEchoesOfOurFramesCostNothing",
		"TestServerDoesNotMindWindowUpdatesForWhatItSends",
	},
	"dribble, stalled reader (CVE-2019-9511, CVE-2019-9517)": {
		"TestServerBoundsWhatItHoldsForAClientThatReadsNothing", "TestServerEndsAConnectionThatTakesNoneOfManyResponses",
		"TestServerClosesAConnectionWhoseWriteMovesNothing", "TestServerLetsGoOfResponsesThatAWindowPins",
		"TestServerPutsTogetherWhatAWindowAllowsByTheByte", "TestServerEndsAnIdleConnectionWhoseFloodIsNotRead",
	},
	"handlers that write little and flush, while the client reads nothing": {
		"TestHandlersThatWriteLittleAndFlushAreHeldBack", "TestMemoryOfAResponseIsBoundedWhateverItsHandlerDoes",
	},
	"pushes beyond our own limit of streams, for a client that allows any number": {
		"TestServerPushKeepsToTheServersOwnLimit",
	},
	"half a greeting, half a frame": {
		"TestServerEndsAConnectionWithoutAPreface", "TestServerEndsAConnectionWithoutSettings", "TestServerEndsAnIdleConnectionInTheMiddleOfAFrame",
		"TestServerIsNotKeptBusyByAFrameThatDribbles", "TestTransportGivesUpAServerInTheMiddleOfAFrame",
	},
	"a field section that has begun and does not end": {
		"TestServerEndsAConnectionWhoseFieldSectionDoesNotEnd", "TestTransportEndsAConnectionWhoseFieldSectionDoesNotEnd",
	},
	"frames that are announced and not sent": {
		"TestTheLengthOfAFrameAloneTakesNoBuffer", "TestServerHoldsLittleUnderAttackAndNothingAfterwards",
	},
	"large requests, then nothing": {
		"TestServerHoldsLittleUnderAttackAndNothingAfterwards",
	},
	"requests as large as they may be, whose handlers do not return": {
		"TestRequestsOfOneConnectionTakeAStatedMultipleOfTheLimits", "TestRequestsTakeNoMoreMemoryThanUpstreams",
	},
	"bodies that are not read": {
		"TestBodiesThatNobodyReadStayWithinTheBudget", "TestABudgetThatIsUsedUpLeavesFixedWindows", "TestStreamsThatAreNotReadHoldUpNone",
		"TestStreamsThatHaveGrownAndStopHoldUpNone",
		"TestServerHoldsNoMoreThanTheWindowOfBodiesThatNobodyReads", "TestFloodOfDataBeyondTheWindowEndsTheConnection",
	},
	"INITIAL_WINDOW_SIZE churn": {
		"TestServerChangesEveryWindowInConstantTime", "TestInitialWindowSizeTouchesNoStream",
	},
	"windows refunded twice after a reset": {
		"TestUnreadBytesOfAClosedStreamAreOwed", "TestDataOfARefusedFrameGoesBackToTheConnection",
		"TestServerGivesBackTheWindowOfRequestsThatAreNeverHandled", "FuzzSession",
	},
	"Trailer header amplification": {
		"TestServerBoundsTheTrailersThatARequestDeclares", "TestDeclaredTrailersAreBounded", "TestTheTrailersThatAResponseDeclaresAreBounded",
	},
	"HEADER_TABLE_SIZE that changes while responses are sent": {
		"TestServerEncodesInStepWithATableThatChangesAllTheTime", "TestTableSizeGoesToTheEncoderWithItsMinimum", "TestServerEncodesWithinTheTableItIsAllowed",
	},
	"dynamic tables beyond what was announced": {
		"TestDynamicTableSizeUpdateIsRejectedAboveTheAllowedMaximum", "TestTableIsBoundedWhateverEntersIt", "TestServerDecodesWithTheTableItAnnounced",
	},
	"MAX_FRAME_SIZE 0 (CVE-2026-33814)": {
		"TestTransportRefusesAFrameSizeOfNothing", "TestSettingsAreHeldToTheirRanges",
	},
	"frame types 0x0a to 0x0f (CVE-2026-27141)": {
		"TestServerIgnoresFramesOfTypesThatNobodyKnows", "TestUnknownFramesAreIgnored",
	},
	"field names that are made up (CVE-2021-44716, CVE-2022-41717)": {
		"TestInventedNamesDoNotAccumulate", "TestNamesThatAServerInventsAreNotAllKept", "TestServerHoldsLittleUnderAttackAndNothingAfterwards",
	},
	"a peer that goes silent at the end (CVE-2022-27664), or goes on": {
		"TestServerEndsTheConnectionASecondAfterAnError", "TestServerClosesABrokenConnectionWhoseClientReadsNothing",
		"TestServerShutdownEndsAConnectionThatReadsNothing", "TestServerIsNotKeptByFramesAfterItsGoAway",
		"TestServerDoesNotReadForEverWhatComesAfterItsGoAway", "TestServerLeavesNothingRunningForAClientThatIsGone",
		"TestCloseOfAConnectionWithPendingOutputReturns", "TestCloseDoesNotWaitForTLSToSayGoodbye", "TestServerLogsOneGoAwayOfManyAndNotAllOfIt", "TestServerDoesNotRepeatAllOfWhatIsWrong",
	},
	"1xx responses without end, from a server": {
		"TestTransportResetsAStreamWhoseInformationalResponsesDoNotEnd", "TestEndlessInformationalResponsesAreStopped",
	},
	"1xx responses without end, to a request with a Got1xxResponse hook": {
		"TestInformationalResponsesThatAHookSeesAreBoundedInNumber",
	},
	"h2c upgrades with bodies that are unread, limited, or do not come (CVE-2022-41721)": {
		"TestRestOfALimitedBodyIsNeverReadAsFrames", "TestBodyTooLargeToKeepIsServedOverHTTP1", "TestBodyOfAnUpgradeThatDoesNotComeIsNotWaitedForInVain",
		"TestClientThatDoesNotGreetAfterTheUpgradeIsDisconnected", "TestUpgradeWithHundredsOfSettingsIsRefused", "FuzzUpgrade",
	},
	"request smuggling: CR, LF, NUL, upper case, pseudo-fields, connection-specific fields, content-length": {
		"TestMalformedRequestsAreStreamErrors", "TestConnectionSpecificFieldsAreRefusedInOrder", "TestEveryOctetIsJudgedAsInRFC9110",
		"TestDataIsHeldAgainstContentLength", "TestServerEndsAClientWhoseRequestsAreAllMalformed",
	},
	"all of them, beside golang.org/x/net's server": {
		"TestOursHoldsLittleWhateverIsSent", "TestServerHoldsLittleUnderAttackAndNothingAfterwards",
	},
}

// TestEveryAttackHasItsBudgetsAndTests wants the table of .github/SECURITY.md to name what there is: constants, what
// CountError is called with, texts of GOAWAY, and tests.
func TestEveryAttackHasItsBudgetsAndTests(t *testing.T) {
	have := declarations(t, "..")
	rows := attackRows(t)
	if len(rows) != len(attackTests) {
		t.Errorf("%d attacks have rows, %d have tests", len(rows), len(attackTests))
	}
	for _, row := range rows {
		tests := attackTests[row.attack]
		if row.outcome == "" || row.shows == "" || len(tests) == 0 {
			t.Errorf("%s: nothing shows what becomes of it", row.attack)
		}
		for _, name := range quoted(row.limits) {
			if !have.constants[name] {
				t.Errorf("%s: there is no constant %s", row.attack, name)
			}
		}
		for _, said := range strings.Split(row.shows, "; ") {
			if name, text, ok := countedAs(said); ok && !have.says(name, text) {
				t.Errorf("%s: no error is counted as %s and says %q", row.attack, name, text)
			}
		}
		for _, name := range tests {
			if !have.tests[name] {
				t.Errorf("%s: there is no test %s", row.attack, name)
			}
		}
	}
}

// An attackRow is a row of SECURITY.md's table.
type attackRow struct{ attack, outcome, limits, shows string }

func attackRows(t *testing.T) (rows []attackRow) {
	text, err := os.ReadFile("../.github/SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "|---|---|---|---|\n")
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if len(cells) == 1 {
			break
		}
		if len(cells) != 4 {
			t.Fatalf("%d cells: %s", len(cells), line)
		}
		rows = append(rows, attackRow{cells[0], cells[1], cells[2], cells[3]})
	}
	return rows
}

// quoted returns what stands between backquotes.
func quoted(s string) (names []string) {
	for i, piece := range strings.Split(s, "`") {
		if i%2 == 1 {
			names = append(names, piece)
		}
	}
	return names
}

// countedAs cuts "`conn_CODE_name`: text"; false if said is something else.
func countedAs(said string) (name, text string, ok bool) {
	name, text, ok = strings.Cut(strings.TrimPrefix(said, "`"), "`: ")
	return name, text, ok && (strings.HasPrefix(name, "conn_") || strings.HasPrefix(name, "stream_"))
}

// declared is what the source of both modules declares.
type declared struct {
	constants map[string]bool // with their packages
	tests     map[string]bool // and fuzz targets
	calls     []call          // that may make an error
}

// A call is what a function is given of constants: the letters of their names, in lower case, and strings, whose verbs
// are "…".
type call struct {
	idents  []string
	strings []string
}

var verb = regexp.MustCompile("%[a-z]")

// says reports whether there is an error that CountError is told of as name, with this text.
func (d *declared) says(name, text string) bool {
	_, name, _ = strings.Cut(name, "_")
	return slices.ContainsFunc(d.calls, func(c call) bool {
		return slices.Contains(c.strings, text) && slices.ContainsFunc(c.strings, func(count string) bool {
			code, ok := strings.CutSuffix(name, "_"+count)
			return ok && count != "" && slices.Contains(c.idents, strings.ToLower(strings.ReplaceAll(code, "_", "")))
		})
	})
}

// declarations are what both modules under root declare.
func declarations(t *testing.T, root string) *declared {
	d := &declared{constants: make(map[string]bool), tests: make(map[string]bool)}
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (e.Name() == ".git" || e.Name() == "testdata" || e.Name() == "third_party"):
			return fs.SkipDir
		case !strings.HasSuffix(path, ".go"):
			return nil
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		d.add(file, strings.HasSuffix(path, "_test.go"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *declared) add(file *ast.File, isTest bool) {
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.GenDecl:
			if decl.Tok == token.CONST {
				d.addConstants(file.Name.Name, decl)
			}
		case *ast.FuncDecl:
			if name := decl.Name.Name; isTest && (strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Fuzz")) {
				d.tests[name] = true
			}
		}
	}
	if isTest {
		return
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if n, ok := n.(*ast.CallExpr); ok {
			d.addCall(n)
		}
		return true
	})
}

func (d *declared) addConstants(pkg string, decl *ast.GenDecl) {
	for _, spec := range decl.Specs {
		for _, name := range spec.(*ast.ValueSpec).Names {
			d.constants[pkg+"."+name.Name] = true
		}
	}
}

func (d *declared) addCall(n *ast.CallExpr) {
	var c call
	if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "malformed" {
		c.idents = []string{"protocolerror"} // of package message: its code is not an argument
	}
	for _, arg := range n.Args {
		switch arg := arg.(type) {
		case *ast.SelectorExpr:
			c.idents = append(c.idents, strings.ToLower(arg.Sel.Name))
		case *ast.Ident:
			c.idents = append(c.idents, strings.ToLower(arg.Name))
		case *ast.BasicLit:
			if s, err := strconv.Unquote(arg.Value); err == nil && arg.Kind == token.STRING {
				c.strings = append(c.strings, verb.ReplaceAllString(s, "…"))
			}
		}
	}
	if len(c.strings) > 1 {
		d.calls = append(d.calls, c)
	}
}
