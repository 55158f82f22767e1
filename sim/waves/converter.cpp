// Reads the VCD that Verilator writes and passes the changes of chosen signals on: to the functions
// of an FST writer, which the caller has, or as VCD into a file.

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unistd.h>

namespace {

enum Status : int { DONE = 0, UNREAD = 1, FOREIGN = 2, UNWRITTEN = 3 };
const char HEADER_END[] = "$enddefinitions";

}  // namespace

extern "C" {

// One call's arguments. A signal's code is the number that its VCD identifier stands
// for; `handles` has 0 where it was not chosen. `change` is null where VCD goes to `output`.
struct Conversion {
    int input;
    int output;
    const uint32_t *handles;
    const uint32_t *bits;
    uint64_t codes;
    void *writer;
    void (*change)(void *, uint32_t, const void *);
    void (*time)(void *, uint64_t);
};

}  // extern "C"

namespace {

class Converter {
  public:
    explicit Converter(Conversion *call) : call_(call) {
        if (!call->change) file_ = fdopen(dup(call->output), "w");
    }
    ~Converter() {
        if (file_) fclose(file_);
    }

    // All of the input, line by line.
    int run() {
        if (!call_->change && !file_) return UNWRITTEN;
        std::string text;
        char block[1 << 16];
        for (;;) {
            const ssize_t got = read(call_->input, block, sizeof block);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return UNREAD;
            if (got == 0) break;
            text.append(block, static_cast<size_t>(got));
            size_t start = 0;
            for (size_t end; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
                text[end] = 0;
                if (!take(text.data() + start, text.data() + end)) return FOREIGN;
            }
            text.erase(0, start);
        }
        if (has_time_) tell_time();  // the end of the window, also if nothing changes there
        if (file_ && (fflush(file_) || ferror(file_))) return UNWRITTEN;
        return DONE;
    }

  private:
    bool take(const char *line, const char *end) {
        if (header_) {
            while (*line == ' ') ++line;
            header_ = strncmp(line, HEADER_END, sizeof HEADER_END - 1) != 0;
            return true;
        }
        if (line == end || *line == '$') return true;
        if (*line == '#') {
            time_ = strtoull(line + 1, nullptr, 10);
            return has_time_ = true;
        }
        const bool vector = *line == 'b';
        const char *value = line + vector;
        const char *space = vector ? static_cast<const char *>(memchr(value, ' ', end - value)) : value + 1;
        if (!space || space >= end) return false;
        const char *id = space + vector;
        const uint64_t code = number(id, end);
        if (code >= call_->codes) return true;
        const uint32_t handle = call_->handles[code];
        if (!handle) return true;
        if (static_cast<uint64_t>(space - value) != call_->bits[code]) return false;
        if (has_time_) tell_time();
        if (call_->change) {
            call_->change(call_->writer, handle, value);
        } else {
            fwrite(line, 1, end - line, file_);
            fputc('\n', file_);
        }
        return true;
    }

    void tell_time() {
        has_time_ = false;
        if (call_->change) call_->time(call_->writer, time_);
        else fprintf(file_, "#%llu\n", static_cast<unsigned long long>(time_));
    }

    // The number of an identifier: digits in base 94, the lowest first, from 1 behind the first one.
    static uint64_t number(const char *id, const char *end) {
        uint64_t code = 0;
        while (end > id) code = code * 94 + static_cast<uint64_t>(*--end - '!') + 1;
        return code - 1;
    }

    Conversion *call_;
    FILE *file_ = nullptr;
    uint64_t time_ = 0;
    bool header_ = true, has_time_ = false;
};

}  // namespace

extern "C" int axonloop_convert(Conversion *call) { return Converter(call).run(); }
