/* A tick of a node, steps 2 and 3 of docs/contract.md, section 13: waits, asks the loss, and tells
   the engine. Before the first one it stops if its own code is not what was built. */
#include "node.h"

__asm__(".section .start, \"ax\"\n"
        ".global _start\n"
        "_start: j main\n" /* the stack's address is the processor's own */
        ".word 0, code_begin, code_end\n"); /* the checksum of what lies between, and where */
#define SEAL ((const volatile unsigned *)4)

__attribute__((section(".mailbox"))) struct mailbox mail;

/* Is the code what was built? */
static int whole(void)
{
    unsigned sum = 0;
    for (const unsigned *word = (const unsigned *)SEAL[1]; word < (const unsigned *)SEAL[2]; word++)
        sum = (sum << 5 | sum >> 27) + *word;
    return sum == SEAL[0];
}

int main(void)
{
    unsigned begun = 0;
    if (!whole())
        __builtin_trap();
    for (;;) {
        while (PHASE != WAITING)
            ;
        int classes = CLASSES;
        if (mail.sample != begun) {
            begun = mail.sample;
            mail.age = 0;
            for (int c = 0; c < classes; c++)
                mail.votes[c] = 0;
        }
        if (mail.age >= mail.burn_in) {
            loss(classes);
            COMMAND = TEACH;
            vote(classes);
        }
        if (mail.age < OLDEST)
            mail.age++;
        COMMAND = DONE;
    }
}
