; Functions of C's library for strings, for BPF: see builtins.h. Byte by byte, as in
; memory-builtins.ll. Where C's returns a pointer, which the verifier refuses of the caller's stack,
; these return an offset from the first argument, -1 for none; or nothing, where it is that
; argument. builtins.c gives the callers the pointer.

define i64 @strlen(ptr %text) #0 !dbg !40 {
entry:
  br label %next

next:
  %i = phi i64 [ 0, %entry ], [ %i.next, %next ]
  %byte.address = getelementptr i8, ptr %text, i64 %i
  %byte = load i8, ptr %byte.address, align 1
  %i.next = add nuw i64 %i, 1
  %ends = icmp eq i8 %byte, 0
  br i1 %ends, label %done, label %next

done:
  ret i64 %i
}

define i64 @strnlen(ptr %text, i64 %size) #0 !dbg !46 {
entry:
  %none = icmp eq i64 %size, 0
  br i1 %none, label %done, label %next

next:
  %i = phi i64 [ 0, %entry ], [ %i.next, %longer ]
  %byte.address = getelementptr i8, ptr %text, i64 %i
  %byte = load i8, ptr %byte.address, align 1
  %ends = icmp eq i8 %byte, 0
  br i1 %ends, label %done, label %longer

longer:
  %i.next = add nuw i64 %i, 1
  %more = icmp ult i64 %i.next, %size
  br i1 %more, label %next, label %done

done:
  %length = phi i64 [ 0, %entry ], [ %i, %next ], [ %i.next, %longer ]
  ret i64 %length
}

define i64 @wcslen(ptr %text) #0 !dbg !52 {
entry:
  br label %next

next:
  %i = phi i64 [ 0, %entry ], [ %i.next, %next ]
  %character.address = getelementptr i32, ptr %text, i64 %i
  %character = load i32, ptr %character.address, align 4
  %i.next = add nuw i64 %i, 1
  %ends = icmp eq i32 %character, 0
  br i1 %ends, label %done, label %next

done:
  ret i64 %i
}

define i32 @strcmp(ptr %a, ptr %b) #0 !dbg !58 {
entry:
  br label %next

next:
  %i = phi i64 [ 0, %entry ], [ %i.next, %same ]
  %a.byte.address = getelementptr i8, ptr %a, i64 %i
  %a.byte = load i8, ptr %a.byte.address, align 1
  %b.byte.address = getelementptr i8, ptr %b, i64 %i
  %b.byte = load i8, ptr %b.byte.address, align 1
  %differ = icmp ne i8 %a.byte, %b.byte
  br i1 %differ, label %found, label %same

same:
  %ends = icmp eq i8 %a.byte, 0
  %i.next = add nuw i64 %i, 1
  br i1 %ends, label %equal, label %next

found:
  %a.wide = zext i8 %a.byte to i32
  %b.wide = zext i8 %b.byte to i32
  %difference = sub i32 %a.wide, %b.wide
  ret i32 %difference

equal:
  ret i32 0
}

define i32 @strncmp(ptr %a, ptr %b, i64 %size) #0 !dbg !64 {
entry:
  %none = icmp eq i64 %size, 0
  br i1 %none, label %equal, label %next

next:
  %i = phi i64 [ 0, %entry ], [ %i.next, %longer ]
  %a.byte.address = getelementptr i8, ptr %a, i64 %i
  %a.byte = load i8, ptr %a.byte.address, align 1
  %b.byte.address = getelementptr i8, ptr %b, i64 %i
  %b.byte = load i8, ptr %b.byte.address, align 1
  %differ = icmp ne i8 %a.byte, %b.byte
  br i1 %differ, label %found, label %same

same:
  %ends = icmp eq i8 %a.byte, 0
  br i1 %ends, label %equal, label %longer

longer:
  %i.next = add nuw i64 %i, 1
  %more = icmp ult i64 %i.next, %size
  br i1 %more, label %next, label %equal

found:
  %a.wide = zext i8 %a.byte to i32
  %b.wide = zext i8 %b.byte to i32
  %difference = sub i32 %a.wide, %b.wide
  ret i32 %difference

equal:
  ret i32 0
}

define ptr @strcpy(ptr %to, ptr %from) #0 !dbg !70 {
entry:
  br label %next

next:
  %i = phi i64 [ 0, %entry ], [ %i.next, %next ]
  %byte.address = getelementptr i8, ptr %from, i64 %i
  %byte = load i8, ptr %byte.address, align 1
  %target = getelementptr i8, ptr %to, i64 %i
  store i8 %byte, ptr %target, align 1
  %i.next = add nuw i64 %i, 1
  %ends = icmp eq i8 %byte, 0
  br i1 %ends, label %done, label %next

done:
  ret ptr null
}

define i64 @stpcpy(ptr %to, ptr %from) #0 !dbg !76 {
entry:
  br label %next

next:
  %i = phi i64 [ 0, %entry ], [ %i.next, %next ]
  %byte.address = getelementptr i8, ptr %from, i64 %i
  %byte = load i8, ptr %byte.address, align 1
  %target = getelementptr i8, ptr %to, i64 %i
  store i8 %byte, ptr %target, align 1
  %i.next = add nuw i64 %i, 1
  %ends = icmp eq i8 %byte, 0
  br i1 %ends, label %done, label %next

done:
  ret i64 %i
}

define ptr @strncpy(ptr %to, ptr %from, i64 %size) #0 !dbg !82 {
entry:
  %none = icmp eq i64 %size, 0
  br i1 %none, label %done, label %next

next:
  %i = phi i64 [ 0, %entry ], [ %i.next, %next ]
  %byte.address = getelementptr i8, ptr %from, i64 %i
  %byte = load i8, ptr %byte.address, align 1
  %target = getelementptr i8, ptr %to, i64 %i
  store i8 %byte, ptr %target, align 1
  %i.next = add nuw i64 %i, 1
  %more = icmp ult i64 %i.next, %size
  %goes.on = icmp ne i8 %byte, 0
  %both = and i1 %more, %goes.on
  br i1 %both, label %next, label %filled

filled:
  br i1 %more, label %fill, label %done

fill:
  %j = phi i64 [ %i.next, %filled ], [ %j.next, %fill ]
  %rest = getelementptr i8, ptr %to, i64 %j
  store i8 0, ptr %rest, align 1
  %j.next = add nuw i64 %j, 1
  %fill.more = icmp ult i64 %j.next, %size
  br i1 %fill.more, label %fill, label %done

done:
  ret ptr null
}

define ptr @strcat(ptr %to, ptr %from) #0 !dbg !88 {
entry:
  br label %skip

skip:
  %j = phi i64 [ 0, %entry ], [ %j.next, %skip ]
  %end = getelementptr i8, ptr %to, i64 %j
  %old = load i8, ptr %end, align 1
  %j.next = add nuw i64 %j, 1
  %at.end = icmp eq i8 %old, 0
  br i1 %at.end, label %next, label %skip

next:
  %i = phi i64 [ 0, %skip ], [ %i.next, %next ]
  %k = phi i64 [ %j, %skip ], [ %k.next, %next ]
  %byte.address = getelementptr i8, ptr %from, i64 %i
  %byte = load i8, ptr %byte.address, align 1
  %target = getelementptr i8, ptr %to, i64 %k
  store i8 %byte, ptr %target, align 1
  %i.next = add nuw i64 %i, 1
  %k.next = add nuw i64 %k, 1
  %ends = icmp eq i8 %byte, 0
  br i1 %ends, label %done, label %next

done:
  ret ptr null
}

define i64 @strchr(ptr %text, i32 %value) #0 !dbg !94 {
entry:
  %wanted = trunc i32 %value to i8
  br label %next

next:
  %i = phi i64 [ 0, %entry ], [ %i.next, %other ]
  %byte.address = getelementptr i8, ptr %text, i64 %i
  %byte = load i8, ptr %byte.address, align 1
  %found = icmp eq i8 %byte, %wanted
  br i1 %found, label %done, label %other

other:
  %i.next = add nuw i64 %i, 1
  %ends = icmp eq i8 %byte, 0
  br i1 %ends, label %done, label %next

done:
  %index = phi i64 [ %i, %next ], [ -1, %other ]
  ret i64 %index
}

define i64 @strrchr(ptr %text, i32 %value) #0 !dbg !100 {
entry:
  %wanted = trunc i32 %value to i8
  br label %next

next:
  %i = phi i64 [ 0, %entry ], [ %i.next, %next ]
  %before = phi i64 [ -1, %entry ], [ %index, %next ]
  %byte.address = getelementptr i8, ptr %text, i64 %i
  %byte = load i8, ptr %byte.address, align 1
  %found = icmp eq i8 %byte, %wanted
  %index = select i1 %found, i64 %i, i64 %before
  %i.next = add nuw i64 %i, 1
  %ends = icmp eq i8 %byte, 0
  br i1 %ends, label %done, label %next

done:
  ret i64 %index
}

define i64 @memchr(ptr %bytes, i32 %value, i64 %size) #0 !dbg !106 {
entry:
  %wanted = trunc i32 %value to i8
  %none = icmp eq i64 %size, 0
  br i1 %none, label %done, label %next

next:
  %i = phi i64 [ 0, %entry ], [ %i.next, %other ]
  %byte.address = getelementptr i8, ptr %bytes, i64 %i
  %byte = load i8, ptr %byte.address, align 1
  %found = icmp eq i8 %byte, %wanted
  br i1 %found, label %done, label %other

other:
  %i.next = add nuw i64 %i, 1
  %more = icmp ult i64 %i.next, %size
  br i1 %more, label %next, label %done

done:
  %index = phi i64 [ -1, %entry ], [ %i, %next ], [ -1, %other ]
  ret i64 %index
}

; no-builtins: a loop that measures must not become a call of strlen
attributes #0 = { noinline nounwind "no-builtins" }

!llvm.dbg.cu = !{!0}
!llvm.module.flags = !{!2}

!0 = distinct !DICompileUnit(language: DW_LANG_C11, file: !1, producer: "bpf-linker", isOptimized: true, runtimeVersion: 0, emissionKind: FullDebug, nameTableKind: None)
!1 = !DIFile(filename: "string-builtins.ll", directory: "bpf-linker")
!2 = !{i32 2, !"Debug Info Version", i32 3}
!3 = !DIDerivedType(tag: DW_TAG_pointer_type, baseType: null, size: 64)
!4 = !DIDerivedType(tag: DW_TAG_pointer_type, baseType: !5, size: 64)
!5 = !DIDerivedType(tag: DW_TAG_const_type, baseType: null)
!6 = !DIBasicType(name: "int", size: 32, encoding: DW_ATE_signed)
!7 = !DIBasicType(name: "unsigned long", size: 64, encoding: DW_ATE_unsigned)
!11 = !DISubroutineType(types: !{!7, !4})
!12 = !DISubroutineType(types: !{!7, !4, !7})
!13 = !DISubroutineType(types: !{!6, !4, !4})
!14 = !DISubroutineType(types: !{!6, !4, !4, !7})
!15 = !DISubroutineType(types: !{!3, !3, !4})
!16 = !DISubroutineType(types: !{!7, !3, !4})
!17 = !DISubroutineType(types: !{!3, !3, !4, !7})
!18 = !DISubroutineType(types: !{!7, !4, !6})
!19 = !DISubroutineType(types: !{!7, !4, !6, !7})
!40 = distinct !DISubprogram(name: "strlen", scope: !1, file: !1, line: 6, type: !11, spFlags: DISPFlagLocalToUnit | DISPFlagDefinition, unit: !0, retainedNodes: !41)
!41 = !{!42}
!42 = !DILocalVariable(name: "text", arg: 1, scope: !40, file: !1, line: 6, type: !4)
!46 = distinct !DISubprogram(name: "strnlen", scope: !1, file: !1, line: 22, type: !12, spFlags: DISPFlagLocalToUnit | DISPFlagDefinition, unit: !0, retainedNodes: !47)
!47 = !{!48, !49}
!48 = !DILocalVariable(name: "text", arg: 1, scope: !46, file: !1, line: 22, type: !4)
!49 = !DILocalVariable(name: "size", arg: 2, scope: !46, file: !1, line: 22, type: !7)
!52 = distinct !DISubprogram(name: "wcslen", scope: !1, file: !1, line: 44, type: !11, spFlags: DISPFlagLocalToUnit | DISPFlagDefinition, unit: !0, retainedNodes: !53)
!53 = !{!54}
!54 = !DILocalVariable(name: "text", arg: 1, scope: !52, file: !1, line: 44, type: !4)
!58 = distinct !DISubprogram(name: "strcmp", scope: !1, file: !1, line: 60, type: !13, spFlags: DISPFlagLocalToUnit | DISPFlagDefinition, unit: !0, retainedNodes: !59)
!59 = !{!60, !61}
!60 = !DILocalVariable(name: "a", arg: 1, scope: !58, file: !1, line: 60, type: !4)
!61 = !DILocalVariable(name: "b", arg: 2, scope: !58, file: !1, line: 60, type: !4)
!64 = distinct !DISubprogram(name: "strncmp", scope: !1, file: !1, line: 88, type: !14, spFlags: DISPFlagLocalToUnit | DISPFlagDefinition, unit: !0, retainedNodes: !65)
!65 = !{!66, !67, !68}
!66 = !DILocalVariable(name: "a", arg: 1, scope: !64, file: !1, line: 88, type: !4)
!67 = !DILocalVariable(name: "b", arg: 2, scope: !64, file: !1, line: 88, type: !4)
!68 = !DILocalVariable(name: "size", arg: 3, scope: !64, file: !1, line: 88, type: !7)
!70 = distinct !DISubprogram(name: "strcpy", scope: !1, file: !1, line: 121, type: !15, spFlags: DISPFlagLocalToUnit | DISPFlagDefinition, unit: !0, retainedNodes: !71)
!71 = !{!72, !73}
!72 = !DILocalVariable(name: "to", arg: 1, scope: !70, file: !1, line: 121, type: !3)
!73 = !DILocalVariable(name: "from", arg: 2, scope: !70, file: !1, line: 121, type: !4)
!76 = distinct !DISubprogram(name: "stpcpy", scope: !1, file: !1, line: 139, type: !16, spFlags: DISPFlagLocalToUnit | DISPFlagDefinition, unit: !0, retainedNodes: !77)
!77 = !{!78, !79}
!78 = !DILocalVariable(name: "to", arg: 1, scope: !76, file: !1, line: 139, type: !3)
!79 = !DILocalVariable(name: "from", arg: 2, scope: !76, file: !1, line: 139, type: !4)
!82 = distinct !DISubprogram(name: "strncpy", scope: !1, file: !1, line: 157, type: !17, spFlags: DISPFlagLocalToUnit | DISPFlagDefinition, unit: !0, retainedNodes: !83)
!83 = !{!84, !85, !86}
!84 = !DILocalVariable(name: "to", arg: 1, scope: !82, file: !1, line: 157, type: !3)
!85 = !DILocalVariable(name: "from", arg: 2, scope: !82, file: !1, line: 157, type: !4)
!86 = !DILocalVariable(name: "size", arg: 3, scope: !82, file: !1, line: 157, type: !7)
!88 = distinct !DISubprogram(name: "strcat", scope: !1, file: !1, line: 189, type: !15, spFlags: DISPFlagLocalToUnit | DISPFlagDefinition, unit: !0, retainedNodes: !89)
!89 = !{!90, !91}
!90 = !DILocalVariable(name: "to", arg: 1, scope: !88, file: !1, line: 189, type: !3)
!91 = !DILocalVariable(name: "from", arg: 2, scope: !88, file: !1, line: 189, type: !4)
!94 = distinct !DISubprogram(name: "strchr", scope: !1, file: !1, line: 217, type: !18, spFlags: DISPFlagLocalToUnit | DISPFlagDefinition, unit: !0, retainedNodes: !95)
!95 = !{!96, !97}
!96 = !DILocalVariable(name: "text", arg: 1, scope: !94, file: !1, line: 217, type: !4)
!97 = !DILocalVariable(name: "value", arg: 2, scope: !94, file: !1, line: 217, type: !6)
!100 = distinct !DISubprogram(name: "strrchr", scope: !1, file: !1, line: 239, type: !18, spFlags: DISPFlagLocalToUnit | DISPFlagDefinition, unit: !0, retainedNodes: !101)
!101 = !{!102, !103}
!102 = !DILocalVariable(name: "text", arg: 1, scope: !100, file: !1, line: 239, type: !4)
!103 = !DILocalVariable(name: "value", arg: 2, scope: !100, file: !1, line: 239, type: !6)
!106 = distinct !DISubprogram(name: "memchr", scope: !1, file: !1, line: 259, type: !19, spFlags: DISPFlagLocalToUnit | DISPFlagDefinition, unit: !0, retainedNodes: !107)
!107 = !{!108, !109, !110}
!108 = !DILocalVariable(name: "bytes", arg: 1, scope: !106, file: !1, line: 259, type: !4)
!109 = !DILocalVariable(name: "value", arg: 2, scope: !106, file: !1, line: 259, type: !6)
!110 = !DILocalVariable(name: "size", arg: 3, scope: !106, file: !1, line: 259, type: !7)
