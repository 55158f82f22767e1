/* A tick of a node, steps 2 and 3 of docs/contract.md, section 13: waits, asks the loss, and tells
   the engine. */
#include "node.h"

__asm__(".section .start, \"ax\"\n"
        ".global _start\n"
        "_start: j main\n"); /* the stack's address is the processor's own */

__attribute__((section(".mailbox"))) struct mailbox mail;

int main(void)
{
    unsigned begun = 0;
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
