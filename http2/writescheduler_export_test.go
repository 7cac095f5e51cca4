package http2

// What the tests of user-written schedulers need of a connection: requests to schedule.
var (
	NewControlRequestForTest = newControlRequest
	NewStreamRequestForTest  = newStreamRequest
)

// FlowForTest is a stream's flow control.
type FlowForTest = fakeFlow

var NewFlowForTest = newFakeFlow

func (f *fakeFlow) SetWindow(n int32) { f.window = n }

func NewDataRequestForTest(f *FlowForTest, n int) FrameWriteRequest { return newDataRequest(f, n) }
