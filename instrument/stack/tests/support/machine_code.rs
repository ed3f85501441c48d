//! One function of an executable, disassembled: does it leave itself, trap, use thread-local variables; how much stack does it
//! take?

use std::collections::BTreeSet;

use iced_x86::{
    Code, Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic,
    OpAccess, OpKind, Register,
};
use object::read::elf::ElfFile64;
use object::{LittleEndian, Object, ObjectSection, ObjectSymbol};

/// What a signal handler must not do.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// A call of, or a jump to, another function.
    Leaves(String),
    /// A call or jump to an address that is known only when it runs; calls of shared libraries are such.
    LeavesSomewhere,
    /// An instruction that ends the process, as those of panics and aborts do, or none at all.
    Traps,
    /// Memory by the segments fs or gs, where thread-local variables are: `errno` too.
    ThreadLocal,
    /// Room on the stack of an amount that the code does not tell.
    UnknownStack,
}

/// What was read of a function. Faults come with how far into the function they are, in bytes.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) faults: BTreeSet<(u64, Fault)>,
    /// Bytes, at most: with the return address, without what is used below the stack pointer.
    pub(crate) stack: u64,
}

impl Report {
    pub(crate) fn has(&self, fault: &Fault) -> bool {
        self.faults.iter().any(|(_, it)| it == fault)
    }
}

/// An executable with symbols.
pub(crate) struct Executable<'a>(ElfFile64<'a, LittleEndian>);

impl<'a> Executable<'a> {
    pub(crate) fn parse(file: &'a [u8]) -> Self {
        Self(ElfFile64::parse(file).unwrap())
    }

    pub(crate) fn has_symbol(&self, name: &str) -> bool {
        self.0.symbol_by_name(name).is_some()
    }

    /// Reads all of a function that control may reach. Where unwinding would go on is not part of that: for want of calls,
    /// none begins. Calls of functions that are `harmless` by their name are no faults.
    pub(crate) fn read(&self, function: &str, harmless: impl Fn(&str) -> bool) -> Report {
        let (start, code) = self.code(function);
        let mut walk = Walk::new(start);
        while let Some(instruction) = walk.next(code) {
            walk.check(&instruction);
            if let Some(target) = walk.follow(&instruction, code) {
                let name = self.name_at(target);
                if !harmless(&name) {
                    walk.object(&instruction, Fault::Leaves(name));
                }
            }
        }
        walk.report
    }

    /// A function's address and bytes.
    fn code(&self, function: &str) -> (u64, &'a [u8]) {
        let named: Vec<_> = self
            .0
            .symbols()
            .filter(|symbol| symbol.name().is_ok_and(|name| demangled(name) == function))
            .collect();
        let [symbol] = &named[..] else {
            panic!("{} functions are named {function}", named.len());
        };
        let (start, size) = (symbol.address(), symbol.size());
        let code = self
            .0
            .sections()
            .find_map(|section| section.data_range(start, size).ok().flatten())
            .unwrap();
        (start, code)
    }

    fn name_at(&self, address: u64) -> String {
        self.0
            .symbols()
            .find(|s| (s.address()..s.address() + s.size()).contains(&address))
            .and_then(|symbol| symbol.name().ok())
            .map_or_else(|| format!("what is at {address:#x}"), demangled)
    }
}

/// Without the hash, and alike for both ways of mangling.
fn demangled(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}

/// A way through a function, along all branches.
struct Walk {
    start: u64,
    ahead: Vec<u64>,
    seen: BTreeSet<u64>,
    details: InstructionInfoFactory,
    report: Report,
}

impl Walk {
    fn new(start: u64) -> Self {
        let report = Report {
            faults: BTreeSet::new(),
            stack: 8,
        };
        Self {
            start,
            ahead: vec![start],
            seen: BTreeSet::new(),
            details: InstructionInfoFactory::new(),
            report,
        }
    }

    /// The next instruction that was not seen yet. What is outside of the code decodes as an invalid one.
    fn next(&mut self, code: &[u8]) -> Option<Instruction> {
        loop {
            let address = self.ahead.pop()?;
            if self.seen.insert(address) {
                let rest = code.get((address - self.start) as usize..);
                let rest = rest.unwrap_or_default();
                return Some(Decoder::with_ip(64, rest, address, DecoderOptions::NONE).decode());
            }
        }
    }

    fn object(&mut self, instruction: &Instruction, fault: Fault) {
        let offset = instruction.ip() - self.start;
        self.report.faults.insert((offset, fault));
    }

    /// What the instruction does, wherever control goes after it.
    fn check(&mut self, instruction: &Instruction) {
        if matches!(instruction.memory_segment(), Register::FS | Register::GS) {
            self.object(instruction, Fault::ThreadLocal);
        }
        match self.growth(instruction) {
            // As if each happened once, and nothing was given back before the end. Compilers make the stack grow in loops
            // only by pages.
            Some(bytes) => self.report.stack += bytes,
            None => self.object(instruction, Fault::UnknownStack),
        }
    }

    /// By how many bytes the instruction makes the stack grow.
    fn growth(&mut self, instruction: &Instruction) -> Option<u64> {
        let is_constant = instruction.op0_register() == Register::RSP
            && !matches!(instruction.op1_kind(), OpKind::Register | OpKind::Memory);
        let grown = match (instruction.flow_control(), instruction.mnemonic()) {
            // What is called is another function's business.
            (FlowControl::Call | FlowControl::IndirectCall, _) => 0,
            (_, Mnemonic::Sub) if is_constant => instruction.immediate(1).cast_signed(),
            (_, Mnemonic::Add) if is_constant => -instruction.immediate(1).cast_signed(),
            _ if instruction.is_stack_instruction() => {
                -i64::from(instruction.stack_pointer_increment())
            }
            _ if self.writes_stack_pointer(instruction) => return None,
            _ => 0,
        };
        Some(u64::try_from(grown).unwrap_or(0))
    }

    fn writes_stack_pointer(&mut self, instruction: &Instruction) -> bool {
        let used = self.details.info(instruction).used_registers();
        used.iter().any(|used| {
            used.register().full_register() == Register::RSP
                && !matches!(used.access(), OpAccess::Read | OpAccess::CondRead)
        })
    }

    /// Goes on where control may go. Returns where it leaves the function, if it is known.
    fn follow(&mut self, instruction: &Instruction, code: &[u8]) -> Option<u64> {
        let (next, target) = (instruction.next_ip(), instruction.near_branch_target());
        match instruction.flow_control() {
            FlowControl::Next => self.ahead.push(next),
            FlowControl::ConditionalBranch => {
                self.ahead.push(next);
                return self.jump(target, code);
            }
            FlowControl::UnconditionalBranch => return self.jump(target, code),
            FlowControl::Return => {}
            FlowControl::Call if instruction.code() == Code::Syscall => self.ahead.push(next),
            FlowControl::Call => {
                self.ahead.push(next);
                return Some(target);
            }
            FlowControl::IndirectCall => {
                self.ahead.push(next);
                self.object(instruction, Fault::LeavesSomewhere);
            }
            FlowControl::IndirectBranch => self.object(instruction, Fault::LeavesSomewhere),
            _ => self.object(instruction, Fault::Traps),
        }
        None
    }

    fn jump(&mut self, target: u64, code: &[u8]) -> Option<u64> {
        let end = self.start + code.len() as u64;
        if (self.start..end).contains(&target) {
            self.ahead.push(target);
            return None;
        }
        Some(target)
    }
}
