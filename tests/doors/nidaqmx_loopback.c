/* A library as small as the driver can live with: one device, whose first output is wired to its input.
 * Compiled by a test, to see the production path down to a real C calling convention. */
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#define ROOM 65536
typedef void *TaskHandle;

static double loop[ROOM];
static uint64_t written, taken;
static uintptr_t tasks;
static int open_tasks;
static double rate;
static uint32_t buffer;

static int32_t text(const char *value, char *out, uint32_t size) {
    if (!size) return (int32_t)strlen(value) + 1;
    strncpy(out, value, size);
    return 0;
}
static int32_t numbers(const double *value, uint32_t count, double *out, uint32_t size) {
    if (!size) return (int32_t)count;
    memcpy(out, value, count * sizeof *value);
    return 0;
}

int loopback_open_tasks(void) { return open_tasks; }

int32_t DAQmxSetRuntimeEnvironment(const char *a, const char *b, const char *c, const char *d) { return 0; }
int32_t DAQmxGetExtendedErrorInfo(char *out, uint32_t size) { text("Some error.", out, size); return 0; }
int32_t DAQmxGetErrorString(int32_t code, char *out, uint32_t size) { text("Some error.", out, size); return 0; }
int32_t DAQmxCreateTask(const char *name, TaskHandle *task) { *task = (TaskHandle)++tasks; open_tasks++; return 0; }
int32_t DAQmxClearTask(TaskHandle task) { open_tasks--; return 0; }
int32_t DAQmxStartTask(TaskHandle task) { return 0; }
int32_t DAQmxStopTask(TaskHandle task) { return 0; }
int32_t DAQmxTaskControl(TaskHandle task, int32_t action) { return 0; }
int32_t DAQmxCreateAOVoltageChan(TaskHandle task, const char *channel, const char *name, double low, double high,
                                 int32_t units, const char *scale) { return low < high ? 0 : -200082; }
int32_t DAQmxCreateAIVoltageChan(TaskHandle task, const char *channel, const char *name, int32_t configuration,
                                 double low, double high, int32_t units, const char *scale) {
    /* No internal channels. */
    return channel[5] == '_' ? -200170 : low < high ? 0 : -200082;
}
int32_t DAQmxCfgSampClkTiming(TaskHandle task, const char *source, double hertz, int32_t edge, int32_t mode,
                              uint64_t samples) { rate = hertz; return 0; }

int32_t DAQmxGetSystemInfoAttribute(int32_t attribute, void *out, uint32_t size) {
    if (attribute == 0x193B) return text("Dev1", out, size);
    *(uint32_t *)out = attribute == 0x1272 ? 1 : 0;
    return 0;
}
int32_t DAQmxGetTaskAttribute(TaskHandle task, int32_t attribute, char *out, uint32_t size) {
    return text("task", out, size);
}
int32_t DAQmxGetTimingAttribute(TaskHandle task, int32_t attribute, double *out) { *out = rate; return 0; }
int32_t DAQmxSetBufferAttribute(TaskHandle task, int32_t attribute, ...) {
    va_list rest;
    va_start(rest, attribute);
    buffer = va_arg(rest, uint32_t);
    va_end(rest);
    return 0;
}
int32_t DAQmxGetBufferAttribute(TaskHandle task, int32_t attribute, uint32_t *out) { *out = buffer; return 0; }
int32_t DAQmxSetWriteAttribute(TaskHandle task, int32_t attribute, ...) { return 0; }
int32_t DAQmxGetWriteAttribute(TaskHandle task, int32_t attribute, void *out) {
    if (attribute == 0x1460) *(uint32_t *)out = buffer - (uint32_t)(written - taken);
    else *(uint64_t *)out = taken;
    return 0;
}
int32_t DAQmxSetChanAttribute(TaskHandle task, const char *channel, int32_t attribute, ...) { return -200197; }
int32_t DAQmxGetPhysicalChanAttribute(const char *channel, int32_t attribute, int32_t *out) { *out = 7; return 0; }

int32_t DAQmxGetDeviceAttribute(const char *device, int32_t attribute, void *out, uint32_t size) {
    static const double volts[] = {-10.0, 10.0};
    switch (attribute) {
        case 0x231E: return text("Dev1/ai0", out, size);
        case 0x231F: return text("Dev1/ao0, Dev1/ao1", out, size);
        case 0x2A40: return text("/Dev1/ai/SampleClock, /Dev1/ai/StartTrigger", out, size);
        case 0x631: return text("Loopback", out, size);
        case 0x632: *(uint32_t *)out = 0xC0DE; return 0;
        case 0x2990: case 0x299B: return numbers(volts, 2, out, size);
        case 0x2996: *(uint32_t *)out = 1; return 0;
        case 0x2997: case 0x298C: case 0x298D: *(double *)out = 1e6; return 0;
        case 0x298F: case 0x22CA: *(uint32_t *)out = 0; return 0;
        default: return -200197;
    }
}

int32_t DAQmxWriteAnalogF64(TaskHandle task, int32_t samples, uint32_t start, double timeout, uint32_t layout,
                            const double *from, int32_t *moved, uint32_t *reserved) {
    for (int32_t i = 0; i < samples; i++) loop[written++ % ROOM] = from[i];
    *moved = samples;
    return 0;
}
int32_t DAQmxReadAnalogF64(TaskHandle task, int32_t samples, double timeout, uint32_t fill, double *to, uint32_t size,
                           int32_t *moved, uint32_t *reserved) {
    for (int32_t i = 0; i < samples; i++) to[i] = loop[taken++ % ROOM];
    *moved = samples;
    return 0;
}
